"""`-D` with every daemon: it returns when the daemon works, or says why not; pid files, rotation, and a clean end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.long

PATIENCE = 60.0
DAEMONS = {"scheduler": ["scheduler", "--no-worker"], "worker": ["worker"]}
KINDS = ("scheduler", "worker")


class Home:
    """A TRADEWIND_HOME and what an operator does in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = os.environ | {"TRADEWIND_HOME": str(home)}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tradewind", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE * 2,
        )

    def file(self, name: str, suffix: str) -> Path:
        return self.home / f"tradewind-{name}.{suffix}"

    def process(self, name: str) -> psutil.Process:
        return psutil.Process(int(self.file(name, "pid").read_text()))

    def states(self) -> dict[str, tuple[str, str | None]]:
        rows = json.loads(self.run("jobs", "list", "-o", "json").stdout)
        return {row["job_type"]: (row["state"], row["end_cause"]) for row in rows}

    def close(self) -> None:
        for path in self.home.glob("*.pid"):
            process = psutil.Process(int(path.read_text()))
            for each in [*process.children(recursive=True), process]:
                each.kill()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    assert home.run("db", "migrate").returncode == 0
    yield home
    home.close()


def until(what: str, look: Callable[[], bool]) -> None:
    pause, deadline = threading.Event(), time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what}"
        pause.wait(0.05)


def test_a_day_in_the_life_of_daemons(home: Home) -> None:
    for name, words in DAEMONS.items():
        done = home.run(*words, "-D")
        assert done.returncode == 0, done.stderr
        assert re.search(rf"^The {name} runs with pid {home.process(name).pid}", done.stdout, re.MULTILINE)
        assert home.process(name).is_running()
    assert home.states() == dict.fromkeys(KINDS, ("lives", None))

    refused = home.run(*DAEMONS["scheduler"], "-D")
    assert refused.returncode == 1
    pid = home.process("scheduler").pid
    assert f"runs already, with pid {pid} in {home.file('scheduler', 'pid')}" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert home.process("scheduler").is_running(), "the good neighbour was not touched"

    for name in DAEMONS:
        for suffix in ("log", "out", "err"):
            home.file(name, suffix).rename(home.file(name, f"{suffix}.1"))
        home.process(name).send_signal(signal.SIGHUP)
    for name in DAEMONS:
        until(f"{name} opens its files again", lambda n=name: home.file(n, "err").exists())
    [supervisor] = home.process("worker").children()
    error = Path(f"/proc/{supervisor.pid}/fd/2")
    until("the worker's own process follows", lambda: error.readlink() == home.file("worker", "err"))

    processes = {name: home.process(name) for name in DAEMONS}
    for process in processes.values():
        process.send_signal(signal.SIGTERM)
    _, left = psutil.wait_procs(processes.values(), timeout=PATIENCE)
    assert left == []
    assert [str(path) for path in home.home.glob("*.pid")] == []
    assert home.states() == dict.fromkeys(KINDS, ("ended", "stopped"))
    errors = {name: home.file(name, "err").read_text() + home.file(name, "err.1").read_text() for name in DAEMONS}
    assert errors == dict.fromkeys(DAEMONS, "")


def test_a_daemon_that_does_not_come_up_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    done = home.run("dag-processor", "-D")
    assert done.returncode == 1
    assert done.stderr.startswith("tradewind: The dag-processor did not start: There is no database yet at ")
    assert len(done.stderr.splitlines()) == 1
    assert not home.file("dag-processor", "pid").exists()


def test_standalone_in_the_background_tells_where_everything_is(home: Home) -> None:
    done = home.run("standalone", "-D", "--port", "0")
    assert done.returncode == 0, done.stderr
    assert "Listening on http://127.0.0.1:" in done.stdout
    assert "DAG files are read from" in done.stdout
    assert re.search("password: \\S+", done.stdout), "what is shown only once is shown to a person"
    process = home.process("standalone")
    beside = [process, *process.children(recursive=True)]
    process.send_signal(signal.SIGTERM)
    _, left = psutil.wait_procs(beside, timeout=PATIENCE)
    assert left == []
    assert not home.file("standalone", "pid").exists()
    assert {state for state, _ in home.states().values()} == {"ended"}

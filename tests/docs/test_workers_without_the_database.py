"""The page on workers without the database: its settings and its commands make a cluster that runs a DAG."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs/how-to/run-workers-without-the-database.md").read_text()
MADE = "the secret that you made"
PLACE = "https://tradewind.example.com"
PATIENCE = 60.0
DAG = "from tradewind import DAG, task\nwith DAG('shop'):\n    @task\n    def count(): return 7\n    count()\n"


def section(title: str) -> str:
    """Return the text under a heading."""
    return re.split(r"^## ", PAGE.partition(f"## {title}\n")[2], flags=re.MULTILINE)[0]


def settings(title: str) -> str:
    """Return the one TOML block under a heading."""
    [found] = re.findall(r"```toml\n(.*?)```", section(title), re.DOTALL)
    return str(found)


def commands(title: str) -> list[str]:
    """Return the commands of the console blocks under a heading."""
    blocks = re.findall(r"```console\n(.*?)```", section(title), re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@contextmanager
def running(words: list[list[str]], environ: Mapping[str, str], log: Path) -> Iterator[None]:
    """Have these commands of `tradewind` run during the block; each must end in order."""
    with log.open("ab") as output:
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "tradewind", *each], env=dict(environ), stdout=output, stderr=output
            )
            for each in words
        ]
    try:
        yield
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(40) for process in started]
    assert codes == [0] * len(started), log.read_text()


def tradewind(environ: Mapping[str, str], *words: str) -> str:
    """Return what a command prints."""
    command = [sys.executable, "-m", "tradewind", *words]
    done = subprocess.run(command, env=dict(environ), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
def test_the_page_makes_a_cluster_that_runs_a_dag(tmp_path: Path) -> None:
    make, *daemons = commands("On the web server's host")
    secret = subprocess.run(["bash", "-c", make], capture_output=True, text=True, check=True).stdout.strip()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIND")}
    homes = {name: tmp_path / name for name in ("server", "worker")}
    environs = {name: {**kept, "TRADEWIND_HOME": str(home)} for name, home in homes.items()}
    (homes["server"] / "dags").mkdir(parents=True)
    homes["worker"].mkdir()
    (homes["server"] / "dags" / "shop.py").write_text(DAG)
    first = settings("On the web server's host").replace(MADE, secret).replace('"0.0.0.0"', '"127.0.0.1"')
    (homes["server"] / "tradewind.toml").write_text(f"{first}port = {port}\n[dags]\npaused_at_creation = false\n")
    second = settings("On each worker's host").replace(MADE, secret).replace(PLACE, f"http://127.0.0.1:{port}")
    (homes["worker"] / "tradewind.toml").write_text(second)
    tradewind(environs["server"], "db", "migrate")
    served = [each.split()[1:] for each in daemons]
    worked = [each.split()[1:] for each in commands("On each worker's host")]
    assert [each[0] for each in (*served, *worked)] == ["dag-processor", "scheduler", "webserver", "worker"]
    with (
        running(served, environs["server"], tmp_path / "server.log"),
        running(worked, environs["worker"], tmp_path / "worker.log"),
    ):
        deadline = time.monotonic() + PATIENCE
        while "shop" not in tradewind(environs["server"], "dags", "list", "-o", "plain"):
            assert time.monotonic() < deadline, (tmp_path / "server.log").read_text()
        tradewind(environs["server"], "dags", "trigger", "shop", "--wait")  # which ends with 1 where the run failed
        assert "worker" in tradewind(environs["server"], "jobs", "list", "-o", "plain")
    assert not (homes["worker"] / "tradewind.db").exists()
    assert secret not in (tmp_path / "server.log").read_text() + (tmp_path / "worker.log").read_text()

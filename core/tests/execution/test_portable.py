"""Where this is not Linux: each try in an interpreter of its own, no /proc, no epoll; forced here."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from tradewind.execution import system
from tradewind.execution.process_table import ProcFolder, PsListing, process_table
from tradewind.execution.remains import kill_remains

FLOW = """
    import os, signal, threading
    from tradewind import DAG, Connection, task

    pid = os.getpid()

    with DAG("flow"):
        @task
        def first():
            print("it is", Connection.get("bank").password)
            return [os.getpid() == pid, "x" * 100_000]

        @task
        def second(value):
            return [value[0], len(value[1]), os.getppid()]

        @task
        def raises():
            raise ValueError("no such day")

        @task
        def dies():
            os.kill(os.getpid(), signal.SIGKILL)

        @task(execution_timeout=0.2)
        def hangs():
            threading.Event().wait(60)

        second(first())
        raises()
        dies()
        hangs()
"""


def test_tasks_run_and_end_as_everywhere(small_house: Any) -> None:
    house = small_house
    house.environ |= {"TRADEWIND_PORTABLE": "1", "TRADEWIND_CONN_BANK": "http://me:hunter2hunter2@host/"}
    house.deploy(FLOW)
    worker = house.start_worker()
    run, _ = house.run_dag()
    assert house.states(run) == {
        "first": "success",
        "second": "success",
        "raises": "failed",
        "dies": "failed",
        "hangs": "failed",
    }
    assert house.last_value(run, "second") == [True, 100_000, worker.pid], "no zygote, no parent in between"
    assert "it is ***" in house.log(run, "first")
    assert house.tries(run, "raises")[0].cause == "ValueError: no such day"
    assert "killed by SIGKILL (signal 9), not sent by Tradewind" in house.tries(run, "dies")[0].cause
    assert "ran longer than its execution_timeout of 0.2 s" in house.tries(run, "hangs")[0].cause
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0


def need_ps() -> None:
    if shutil.which("ps") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("there is no ps here (Debian's package procps)")


@pytest.fixture
def marked() -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own, with a mark in its environment."""
    environ = {**os.environ, "TRADEWIND_WORKER": "marked-one"}
    with subprocess.Popen(["sleep", "1000"], env=environ, start_new_session=True) as process:
        yield process
        process.kill()


def test_ps_tells_what_proc_tells(marked: subprocess.Popen[bytes]) -> None:
    need_ps()
    tables = ProcFolder(), PsListing()
    seen = [{each.pid: each for each in table.processes()} for table in tables]
    for pid in (marked.pid, os.getpid()):
        assert seen[0][pid] == seen[1][pid]
    assert seen[0][marked.pid].session == marked.pid
    for table in tables:
        assert {b"sleep", b"1000", b"TRADEWIND_WORKER=marked-one"} <= table.words(marked.pid)
        assert table.words(0) == frozenset()


def test_what_a_dead_worker_left_is_found_without_proc(
    marked: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    need_ps()
    monkeypatch.setattr(system, "IS_LINUX", False)
    assert isinstance(process_table(), PsListing)
    assert kill_remains("TRADEWIND_WORKER=marked-one") == 1
    with pytest.raises(ProcessLookupError):
        os.kill(marked.pid, 0)


def test_windows_is_told_where_tradewind_runs() -> None:
    code = """
import sys
sys.modules |= dict.fromkeys(("fcntl", "grp", "pwd", "resource", "termios"))  # Windows has none of them
from tradewind.cli import main
sys.platform = "win32"
sys.exit(main(["standalone"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "tradewind: Tradewind needs Linux or macOS; on Windows, run it in WSL 2 (`wsl --install`).\n"
    )

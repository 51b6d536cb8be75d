"""Pid files: held by a lock, so that neither a dead daemon nor a recycled pid can hold one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tradewind.cli.errors import CommandError
from tradewind.cli.processes.pid_file import PidFile, require_not_running

HOLDER = """
import os, sys
from pathlib import Path
from tradewind.cli.processes.pid_file import PidFile
held = PidFile.take(Path(sys.argv[1]), "scheduler")
child = os.fork() if "fork" in sys.argv else 1
if child == 0:
    os.read(0, 1)  # a forked child lives on until the test lets it go
    os._exit(0)
print("held", child, flush=True)
sys.stdin.read(1)
held.release()
"""


@pytest.fixture
def holder(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the pid file."""
    words = [sys.executable, "-c", HOLDER, str(tmp_path / "x.pid"), *getattr(request, "param", [])]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield process
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.stdout.close()
    process.wait(20)


def forked(holder: subprocess.Popen[str]) -> int:
    """Wait until it holds; return the pid of its child."""
    assert holder.stdout is not None
    return int(holder.stdout.readline().split()[1])


def test_a_second_start_is_refused_with_pid_and_file_and_one_with_its_own_file_runs(holder, tmp_path: Path) -> None:
    forked(holder)
    path = tmp_path / "x.pid"
    for attempt in (lambda: PidFile.take(path, "scheduler"), lambda: require_not_running(path, "scheduler")):
        with pytest.raises(CommandError) as refused:
            attempt()
        assert f"pid {holder.pid} in {path}" in str(refused.value)
    beside = PidFile.take(tmp_path / "y.pid", "scheduler")
    assert (tmp_path / "y.pid").read_text() == f"{os.getpid()}\n"
    beside.release()
    assert not (tmp_path / "y.pid").exists()
    assert path.read_text() == f"{holder.pid}\n", "who looked took nothing away"


@pytest.mark.parametrize("holder", [["fork"]], indirect=True)
def test_a_killed_daemon_holds_nothing_even_where_its_child_lives(holder, tmp_path: Path) -> None:
    child = forked(holder)
    holder.kill()
    holder.wait(20)
    assert psutil.pid_exists(child)
    require_not_running(tmp_path / "x.pid", "scheduler")
    PidFile.take(tmp_path / "x.pid", "scheduler").release()


def test_a_recycled_pid_is_no_daemon(tmp_path: Path) -> None:
    path = tmp_path / "x.pid"
    path.write_text("1\n")  # a process that lives, and is no daemon of ours
    held = PidFile.take(path, "scheduler")
    assert path.read_text() == f"{os.getpid()}\n"
    held.release()


def test_a_file_that_somebody_else_put_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.pid"
    held = PidFile.take(path, "scheduler")
    path.unlink()
    path.write_text("another\n")
    held.release()
    assert path.read_text() == "another\n"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match=r"file/x\.pid, cannot be written: .*--pid"):
        PidFile.take(tmp_path / "file" / "x.pid", "scheduler")

"""The processor as a process of its own: picks files up, ends on a signal, leaves no lease behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tradewind.metadata.engine import Database
from tradewind.metadata.tables import daemon

pytestmark = pytest.mark.long_module


@pytest.fixture
def start(tmp_path: Path, sqlite_url: str) -> Iterator:
    """Start the processor; its lines are to be read from its output."""
    started = []
    (tmp_path / "home" / "dags").mkdir(parents=True)
    environment = {
        **os.environ,
        "TRADEWIND_HOME": str(tmp_path / "home"),
        "TRADEWIND__DATABASE__URL": sqlite_url,
        "TRADEWIND__DAGS__LOAD_EXAMPLES": "true",
    }

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tradewind", "dag-processor", *arguments]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def lines_until(process: subprocess.Popen[str], beginning: str) -> list[str]:
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if beginning in line:
            return lines
    raise AssertionError(f"no line has {beginning!r}: {lines}")


def test_a_dropped_file_is_picked_up_and_a_signal_ends_it(start, tmp_path, sqlite_url, source):
    process = start()
    lines_until(process, "example_taskflow.py: ")
    dags = tmp_path / "home" / "dags"
    (dags / "dropped.py").write_text("\n".join(line[4:] for line in source("dropped").splitlines()))
    lines_until(process, "dropped.py: 1 DAGs, 1 new or changed")
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    database = Database(sqlite_url)
    with database.read() as connection:
        (row,) = connection.execute(daemon.select())
    assert (row.kind, row.pid) == ("processor", process.pid)
    assert row.ended_at is not None
    database.dispose()


def test_it_ends_by_itself_when_every_file_was_read_once(start, tmp_path, source):
    (tmp_path / "home" / "dags" / "broken.py").write_text("from tradewind import DAG\nDAG()\n")
    process = start("--once")
    told = process.stdout.read()
    assert process.wait() == 0
    assert "example_branching.py: 1 DAGs, 1 new or changed" in told
    assert "broken.py, line 2: TypeError: " in told
    assert told.count("line ") == 1


LEAVES_A_DAEMON = """
import os, pathlib
from time import sleep
from tradewind import DAG

made = DAG("leaves", schedule=None)
if os.fork() == 0:
    os.setsid()  # out of the import's process group
    if os.fork() == 0:
        pathlib.Path({pid!r}).write_text(str(os.getpid()))
        sleep(1000)
    os._exit(0)
while not pathlib.Path({pid!r}).exists() or not pathlib.Path({pid!r}).read_text():
    sleep(0.01)
{end}
"""


def test_what_an_import_leaves_running_is_ended(start, tmp_path):
    dags = tmp_path / "home" / "dags"
    pids = [tmp_path / "ends", tmp_path / "dies"]
    (dags / "ends.py").write_text(LEAVES_A_DAEMON.format(pid=str(pids[0]), end=""))
    (dags / "dies.py").write_text(LEAVES_A_DAEMON.format(pid=str(pids[1]), end="os._exit(1)"))
    process = start("--once")
    told = process.stdout.read()
    assert process.wait() == 0
    assert "imports of DAG files left processes running; they are ended" in told
    assert "ends.py: 1 DAGs, 1 new or changed" in told
    assert "dies.py: The process that imported the file ended with exit code 1 before it had a result" in told
    assert not [pid for pid in pids if Path(f"/proc/{pid.read_text()}").exists()]
    assert "example_branching.py: 1 DAGs, 1 new or changed" in told

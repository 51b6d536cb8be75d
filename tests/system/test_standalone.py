"""`tradewind standalone` holds its daemons together: it starts again what dies, and takes them along when it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

PATIENCE = 60


@pytest.fixture
def standalone(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A running standalone that has said where it listens."""
    environment = os.environ | {"TRADEWIND_HOME": str(tmp_path / "home"), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tradewind", "standalone", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    # The system's own patience: a silent standalone is killed, which ends the reading below
    patience = threading.Timer(PATIENCE, process.kill)
    patience.start()
    read_until(process, "Listening on ")
    yield process
    patience.cancel()
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    with process.stdout:
        process.stdout.read()
    process.wait(PATIENCE)


def read_until(process: subprocess.Popen[str], wanted: str) -> None:
    """Read the output up to a line that holds `wanted`."""
    seen = []
    assert process.stdout is not None
    for line in process.stdout:
        seen.append(line)
        if wanted in line:
            return
    raise AssertionError(f"it ended without saying {wanted!r}:\n{''.join(seen)}")


def test_a_daemon_that_dies_is_started_again(standalone: subprocess.Popen[str]) -> None:
    [scheduler] = [each for each in psutil.Process(standalone.pid).children() if "scheduler" in each.cmdline()]
    scheduler.kill()
    read_until(standalone, "ended with signal SIGKILL; starting it again")
    standalone.send_signal(signal.SIGINT)
    read_until(standalone, "Stopped.")
    assert standalone.wait(PATIENCE) == 0


def test_its_daemons_end_when_it_is_killed(standalone: subprocess.Popen[str]) -> None:
    daemons = psutil.Process(standalone.pid).children(recursive=True)
    assert len(daemons) >= 4
    standalone.kill()
    standalone.wait(PATIENCE)
    _, living = psutil.wait_procs(daemons, timeout=30)
    assert [each for each in living if each.status() != psutil.STATUS_ZOMBIE] == []

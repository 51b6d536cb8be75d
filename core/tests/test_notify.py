"""Telling of readiness and of a loop that moves, over real sockets."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tradewind import notify


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> Iterator[notify.NotifySocket]:
    """What this process tells, as if it had just started."""
    for name, value in (("address", None), ("moved_at", None), ("told_at", 0.0)):
        monkeypatch.setattr(notify._Process, name, value)
    listener = notify.NotifySocket()
    monkeypatch.setenv(notify.VARIABLE, str(listener.path))
    notify.adopt()
    yield listener
    listener.close()


def test_the_first_turn_says_ready_and_what_is_started_is_not_asked(ears: notify.NotifySocket) -> None:
    assert notify.VARIABLE not in os.environ
    assert notify.seconds_since_beat() is None
    notify.beat()
    notify.beat()  # within the same second: not told again
    assert ears.heard() == ["READY=1", "WATCHDOG=1"]
    age = notify.seconds_since_beat()
    assert age is not None
    assert age < 10
    notify.stopping()
    assert ears.heard() == ["STOPPING=1"]


def test_a_status_goes_with_ready(ears: notify.NotifySocket) -> None:
    notify.ready("Listening")
    assert ears.heard() == ["READY=1", "STATUS=Listening"]


def test_nobody_who_hears_is_no_error(ears: notify.NotifySocket) -> None:
    ears.close()
    notify.beat()


def test_a_listener_that_does_not_read_holds_nothing_up(ears: notify.NotifySocket) -> None:
    for _ in range(5000):
        notify.tell("STATUS=x")
    assert ears.heard()


def test_abstract_names_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(f"\0tradewind-test-{os.getpid()}")
        monkeypatch.setattr(notify._Process, "address", f"@tradewind-test-{os.getpid()}")
        notify.ready()
        assert ear.recv(100) == b"READY=1"


def test_a_long_temporary_folder_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    notify.NotifySocket().close()

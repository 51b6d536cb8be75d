"""Telling whoever started this process that it is ready, that its loop moves, and that it stops.

The words and the way are systemd's (sd_notify: datagrams to the socket that NOTIFY_SOCKET names), because a service manager
is one of three who ask: the parent of `-D` waits for READY=1, and a process that runs others hears whether their loops move.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
import time
from pathlib import Path

VARIABLE = "NOTIFY_SOCKET"
READY = "READY=1"
BEAT = "WATCHDOG=1"
STOPPING = "STOPPING=1"
LARGEST = 4096
LONGEST_FOLDER = 60  # sun_path holds 108 bytes on Linux, 104 elsewhere
BEAT_SECONDS = 1.0


class _Process:
    """Whom this process tells, and when its loop last moved (monotonic seconds)."""

    address: str | None = None
    moved_at: float | None = None
    told_at: float = 0.0


def adopt() -> None:
    """Take over from the environment whom to tell. What this process starts finds nothing there: it is not asked."""
    _Process.address = os.environ.pop(VARIABLE, None)


def ready(status: str = "") -> None:
    """Say that this process does its work from now on.

    Arguments:
        status: one line for people.
    """
    _Process.moved_at = time.monotonic()
    tell(READY, f"STATUS={status}" if status else "")


def beat() -> None:
    """Say that the loop has moved, and the first time that this process is ready.

    Call it from the loop itself, as often as it turns; never from a thread beside it.
    """
    if _Process.moved_at is None:
        ready()
    now = _Process.moved_at = time.monotonic()
    if now - _Process.told_at >= BEAT_SECONDS:
        _Process.told_at = now
        tell(BEAT)


def seconds_since_beat() -> float | None:
    """Return how long ago the loop of this process last moved; None before it was ready."""
    return None if _Process.moved_at is None else time.monotonic() - _Process.moved_at


def stopping() -> None:
    """Say that this process ends."""
    tell(STOPPING)


def tell(*lines: str) -> None:
    """Send lines to whoever asked to be told; nobody asked, or nobody hears any more, is no error."""
    address = _Process.address
    if not address:
        return
    if address.startswith("@"):  # Linux's abstract names
        address = "\0" + address[1:]
    message = "\n".join(line for line in lines if line).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth, contextlib.suppress(OSError):
        mouth.setblocking(False)  # a listener that does not read must not hold a loop
        mouth.sendto(message, address)


class NotifySocket:
    """Hears what processes tell: give them `environment`.

    It stands in a folder of its own that nobody else may enter.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tradewind-notify-", dir=_short_folder()))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.path = self._folder / "socket"
        self._socket.bind(str(self.path))

    @property
    def environment(self) -> dict[str, str]:
        """What the environment of the processes must hold."""
        return {VARIABLE: str(self.path)}

    def fileno(self) -> int:
        """Return the descriptor that turns readable when something was told."""
        return self._socket.fileno()

    def heard(self) -> list[str]:
        """Return the lines told since the last call, without waiting."""
        lines: list[str] = []
        with contextlib.suppress(BlockingIOError):
            while True:
                lines += self._socket.recv(LARGEST).decode(errors="replace").splitlines()
        return lines

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _short_folder() -> str:
    """Return the temporary folder, or one with a shorter path where a socket's address could not hold it."""
    folder = tempfile.gettempdir()
    return folder if len(os.fsencode(folder)) <= LONGEST_FOLDER else "/tmp"  # noqa: S108  (mkdtemp makes it ours)

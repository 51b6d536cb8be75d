"""What the services share: a free port, another user than root, and a server that is waited for and ended."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def find_binary(*names: str) -> str | None:
    """Return the path of the first of these programs that is installed, also where only root's PATH leads."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/sbin"])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def as_nobody(*folders: Path) -> list[str]:
    """Return the words in front of a command that may not run as root, after giving it these folders; none otherwise."""
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    for folder in folders:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


@contextmanager
def temporary_folder(prefix: str, folder: Path | None = None) -> Iterator[Path]:
    """Make a folder that other users can enter, and remove it with all in it at the end."""
    root = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
    root.chmod(0o755)
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def server(
    command: Sequence[Any], root: Path, connect: Callable[[], Any], *, stop: signal.Signals = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends, from when it answers.

    Arguments:
        command: its words.
        root: its working folder, which gets its log.
        connect: returns when the server answers, raises any exception while it does not.
        stop: the signal that ends it.
    Raises:
        RuntimeError: when it does not answer, with the end of its log.
    """
    with (root / "log").open("ab") as log:
        process = subprocess.Popen(
            [str(word) for word in command], stdout=log, stderr=log, cwd=root, start_new_session=True
        )
    try:
        _await_answer(process, connect, root / "log")
        yield process
    finally:
        process.send_signal(stop)
        process.wait(30)


class Restartable:
    """A server that can be stopped and started again on the same data and port.

    Arguments:
        command: its words.
        root: its working folder, which gets its log.
        connect: returns when the server answers, raises any exception while it does not.
    """

    def __init__(self, command: Sequence[Any], root: Path, connect: Callable[[], Any]) -> None:
        self._command = [str(word) for word in command]
        self._root = root
        self._connect = connect
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it answers.

        Raises:
            RuntimeError: when it does not answer, with the end of its log.
        """
        with (self._root / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdout=log, stderr=log, cwd=self._root, start_new_session=True
            )
        _await_answer(self.process, self._connect, self._root / "log")

    def stop(self, number: signal.Signals) -> None:
        """Stop it by a signal, and return when it has ended; one that runs no more is left alone."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(60)
            self.process = None


def _await_answer(process: subprocess.Popen[bytes], connect: Callable[[], Any], log: Path) -> None:
    """Ask until the server answers; each refused connection is an answer that it is not there yet."""
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            connect()
        except Exception:  # noqa: BLE001  (whatever a driver raises, the server is not there yet)
            # A refused connection comes back at once: wait on the process instead of spinning
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        else:
            return
    raise RuntimeError(f"{process.args!r} did not start: {log.read_text(errors='replace')[-2000:]}")

"""Pid files that cannot lie: the daemon holds a lock on its file for as long as it lives.

A number alone may belong to another process by now; a lock is given back by the kernel however its holder ended. The lock is
fcntl's, which a forked child does not inherit: what a daemon has forked does not keep its file.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from tradewind.cli.errors import CommandError

MODE = 0o644


class PidFile:
    """A pid file held by this process, from `take` to `release`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path, name: str) -> PidFile:
        """Write this process's pid into a file that no living process holds; a stale one is taken over.

        Arguments:
            name: of the daemon, for the sentence.
        Raises:
            CommandError: it runs already, or the file cannot be written.
        """
        while True:
            descriptor = _open(path, name)
            if _is_lock_taken(descriptor):
                pid = _pid_in(descriptor)
                os.close(descriptor)
                raise _runs_already(path, name, pid)
            if _is_still(path, descriptor):
                break
            os.close(descriptor)  # whoever held it has just removed it: what we have locked has no name any more
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(path, descriptor)

    def release(self) -> None:
        """Remove the file, then let go of it."""
        if _is_still(self.path, self._descriptor):
            self.path.unlink()
        os.close(self._descriptor)


def require_not_running(path: Path, name: str) -> None:
    """Return if no living process holds the pid file.

    Raises:
        CommandError: one does, named with its pid and the file.
    """
    if not path.exists():
        return
    descriptor = _open(path, name)
    try:
        if _is_lock_taken(descriptor):
            raise _runs_already(path, name, _pid_in(descriptor))
    finally:
        os.close(descriptor)


def _open(path: Path, name: str) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
    except OSError as error:
        raise CommandError(
            f"The pid file of the {name}, {path}, cannot be written: {error.strerror}. Name another one with --pid.",
            error_id="file-unwritable",
        ) from error


def _is_lock_taken(descriptor: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    return False


def _pid_in(descriptor: int) -> str:
    return os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _runs_already(path: Path, name: str, pid: str) -> CommandError:
    return CommandError(
        f"The {name} runs already, with pid {pid} in {path}: stop it first (kill {pid}), or give this one a file of its "
        "own with --pid.",
        error_id="already-running",
    )

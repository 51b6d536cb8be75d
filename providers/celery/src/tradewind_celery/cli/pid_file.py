"""The pid file of a worker: it is held by a lock as long as the worker lives, so that its number cannot lie.

The lock is fcntl's, which Celery's pool processes do not inherit.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from tradewind_plugins.exceptions import TradewindException

__all__ = ["PidFile", "holder_of"]


class PidFile:
    """One that this process holds.

    Args:
        path: Of the file.
        descriptor: Of the open file, which holds the lock.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> PidFile:
        """Write the pid of this process into a file that no living process holds.

        Raises:
            TradewindException: One holds it, or it cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise TradewindException(
                f"The pid file {path} cannot be written: {error.strerror}. Name another one with --pid."
            ) from error
        if not _locked(descriptor):
            pid = _pid_in(descriptor)
            os.close(descriptor)
            raise TradewindException(
                f"A worker of Celery runs already, with pid {pid} in {path}: stop it first (tradewind celery stop --pid "
                f"{path}), or give this one a file of its own with --pid."
            )
        if not _is_still(path, descriptor):  # whoever held it has just removed it
            os.close(descriptor)
            return cls.take(path)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(path, descriptor)

    def release(self) -> None:
        """Remove the file, then let go of it."""
        if _is_still(self.path, self._descriptor):
            self.path.unlink()
        os.close(self._descriptor)


def holder_of(path: Path) -> int | None:
    """Return the pid of the process that holds a pid file; None where none does.

    Raises:
        TradewindException: The file cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TradewindException(f"The pid file {path} cannot be read: {error.strerror}.") from error
    try:
        if _locked(descriptor):
            return None
        pid = _pid_in(descriptor)
        return int(pid) if pid.isdigit() else None
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _pid_in(descriptor: int) -> str:
    return os.pread(descriptor, 32, 0).decode(errors="replace").strip()


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False

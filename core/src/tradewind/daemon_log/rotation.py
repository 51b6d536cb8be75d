"""The log file of a daemon, which several of its processes write: put aside by size or by day, by whichever comes first."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Final

DAY_SECONDS: Final = 86_400
MIB: Final = 1 << 20


@dataclass(frozen=True)
class Rotation:
    """When a log file is put aside, and how many of those are kept.

    Arguments:
        size: bytes that a file has at most; 0 for any number.
        daily: whether a line of a new day, in UTC, begins a new file.
        keep: files put aside that are kept, named `.1` (the newest), `.2` …
    """

    size: int = 0
    daily: bool = False
    keep: int = 7

    def is_due(self, found: os.stat_result, more: int, now: float) -> bool:
        """Tell whether a file is to be put aside before so many bytes are written to it."""
        if found.st_size == 0:
            return False
        is_full = self.size > 0 and found.st_size + more > self.size
        return is_full or (self.daily and found.st_mtime // DAY_SECONDS < now // DAY_SECONDS)


class DaemonLogFile(WatchedFileHandler):
    """Appends to a file, and begins it anew when it was moved: by logrotate, by another process of the daemon, or by itself.

    Each line is written whole, by one system call, so that the lines of several processes do not mix. The one that puts the file
    aside holds a lock; the others notice at their next line.

    Arguments:
        path: of the file.
        rotation: when it is put aside.
    """

    def __init__(self, path: Path, rotation: Rotation) -> None:
        self._rotation = rotation
        super().__init__(path, encoding="utf-8", errors="backslashreplace")

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        self.reopenIfNeeded()
        try:
            self._make_room(record)
        except OSError:
            self.handleError(record)  # the line is written all the same, to a file that is too long
        logging.StreamHandler.emit(self, record)

    def _make_room(self, record: logging.LogRecord) -> None:
        if not (self._rotation.size or self._rotation.daily):
            return
        more = len(self.format(record).encode(errors="backslashreplace")) + 1
        # Of the open file: the path may be missing for a moment, while another process puts it aside
        if self.stream is None or not self._rotation.is_due(os.fstat(self.stream.fileno()), more, time.time()):
            return
        with self._locked():
            # Another process may have been faster
            if self._rotation.is_due(Path(self.baseFilename).stat(), more, time.time()):
                self._put_aside()
        self.reopenIfNeeded()

    def _put_aside(self) -> None:
        keep = self._rotation.keep
        if keep <= 0:
            Path(self.baseFilename).unlink()
        for number in range(keep, 0, -1):
            older = Path(f"{self.baseFilename}.{number - 1}" if number > 1 else self.baseFilename)
            if older.exists():
                older.replace(f"{self.baseFilename}.{number}")
        Path(self.baseFilename).touch()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = os.open(f"{self.baseFilename}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

"""Limits on one import: seconds, by an alarm that raises where the import hangs, and address space."""

from __future__ import annotations

import contextlib
import resource
import signal
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

MEBIBYTE = 1024 * 1024
_AGAIN_SECONDS = 1.0


class ImportTimeout(BaseException):
    """The import takes too long. Not an ``Exception``, so that a file's ``except Exception`` does not swallow it."""


class Deadline:
    """The seconds that an import may take.

    Args:
        seconds: when the alarm goes off. It does so again every second, as the file may catch what it raises.
        tell: called once, with the stack at that moment: the process may have to be killed before it can report.
    """

    def __init__(self, seconds: float, tell: Callable[[traceback.StackSummary], None]) -> None:
        self._seconds = seconds
        self._tell = tell
        self.is_over = False

    def start(self) -> None:
        """Set the alarm."""
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self._seconds, _AGAIN_SECONDS)

    def stop(self) -> None:
        """Take the alarm back."""
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, _number: int, frame: FrameType | None) -> None:
        if not self.is_over:
            self.is_over = True
            self._tell(traceback.extract_stack(frame))
        raise ImportTimeout


@contextlib.contextmanager
def memory_limit(mebibytes: int) -> Iterator[None]:
    """Let the address space grow by at most ``mebibytes`` inside the block."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _address_space() + mebibytes * MEBIBYTE
    hard = before[1]
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _address_space() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:  # no Linux: count from nothing, which allows a little less
        return 0
    return pages * resource.getpagesize()

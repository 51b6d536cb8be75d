"""Whether this is Linux, which is what decides how tasks are started; the one place where that is asked.

On Linux a zygote and warm parents fork tasks. Elsewhere (macOS) nothing is forked, as system libraries there do not survive
it: each try gets an interpreter of its own. `TRADEWIND_PORTABLE=1` in the environment has Linux behave like that too.
"""

from __future__ import annotations

import os
import select
import sys
from typing import Any

IS_LINUX = sys.platform == "linux" and not os.environ.get("TRADEWIND_PORTABLE")

# The numbers are the same for poll and epoll
READ = select.POLLIN
WRITE = select.POLLOUT


class PollSet:
    """`select.poll` with the names and the seconds of `select.epoll`, which only Linux has."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.register = self._poll.register
        self.unregister = self._poll.unregister
        self.modify = self._poll.modify

    def poll(self, seconds: float) -> list[tuple[int, int]]:
        """Wait for events, at most so many seconds."""
        return self._poll.poll(seconds * 1000)

    def close(self) -> None:
        """Nothing is to be given back."""


def open_poll() -> Any:
    """Return the best that this system has for waiting on many descriptors."""
    return select.epoll() if IS_LINUX else PollSet()

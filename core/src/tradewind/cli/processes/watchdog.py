"""A watchdog: a thread that ends this process when its loop stands still, so that it is started again.

Health checks and systemd's watchdog do the same where somebody set them up; this one is always there. What it counts is only
time in which it was awake itself: a process that was stopped, or a machine that slept, is given the chance to go on. It
needs the interpreter's lock: code that keeps that for ever is for the others to find.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType

import sqlalchemy as sa

from tradewind.metadata.engine import Database

log = logging.getLogger(__name__)

EXIT_STALLED = 5
"""Exit code of a daemon that ended itself as its loop stood still."""
TICKS = 20
LAST_WORD_SECONDS = 2.0
NAMED = 5


class Watchdog:
    """Watches the loop of this process's main thread, from when it was first fed until it is closed.

    Arguments:
        name: of the daemon, for people.
        limit: seconds for which the loop may stand still; 0 watches nothing.
        end: ends the process with an exit code.
    """

    def __init__(self, name: str, limit: float, *, end: Callable[[int], object] = os._exit) -> None:
        self._name = name
        self._limit = limit
        self._end = end
        self._tick = limit / TICKS
        self._fed = 0
        self._seen = 0
        self._still = 0.0
        self._closed = threading.Event()
        self._main = threading.main_thread().ident
        if limit > 0:
            threading.Thread(target=self._run, name="tradewind-watchdog", daemon=True).start()

    def feed(self) -> None:
        """Say that the loop moves."""
        self._fed += 1

    def feed_from(self, database: Database) -> None:
        """Count each transaction that ends, however it ends: a long step that gets on does not stand still."""
        sa.event.listen(database.engine, "checkin", self._ended_transaction)

    def _ended_transaction(self, *_of_the_pool: object) -> None:
        if threading.get_ident() == self._main:
            self.feed()

    def close(self) -> None:
        """Watch no more: the loop has ended."""
        self._closed.set()

    def look(self, elapsed: float) -> bool:
        """Judge the loop, some seconds after the last look; tell whether it stands still for too long."""
        if self._fed != self._seen or not self._fed:
            self._seen, self._still = self._fed, 0.0
        else:
            self._still += min(elapsed, 2 * self._tick)  # the rest of a longer time this thread did not run either
        return self._still >= self._limit

    def _run(self) -> None:
        looked = time.monotonic()
        while not self._closed.wait(self._tick):
            now = time.monotonic()
            if self.look(now - looked):
                self._bark()
                return
            looked = now

    def _bark(self) -> None:
        # By another thread: the loop may hang in the log itself, with its lock
        words = threading.Thread(target=self._say, name="tradewind-last-word", daemon=True)
        words.start()
        words.join(LAST_WORD_SECONDS)
        self._end(EXIT_STALLED)

    def _say(self) -> None:
        frame = sys._current_frames().get(self._main or 0)  # noqa: SLF001  (documented for this)
        log.critical(
            "the %s's loop has stood still for %.0f s, so it ends itself with exit code %d ([leases] stall_limit); "
            "it stood in %s\n%s",
            self._name,
            self._still,
            EXIT_STALLED,
            place_of(frame),
            "".join(traceback.format_stack(frame)),
        )


def place_of(frame: FrameType | None) -> str:
    """Return where a thread stands, in a few words: the last functions of ours that it is in, and what those called."""
    if frame is None:
        return "no code of Python"
    stack = traceback.extract_stack(frame)
    ours = [each for each in stack if f"{os.sep}tradewind{os.sep}" in each.filename]
    words = [f"{each.name} ({os.path.basename(each.filename)}:{each.lineno})" for each in [*ours[-NAMED:], stack[-1]]]  # noqa: PTH119
    return " → ".join(dict.fromkeys(words))

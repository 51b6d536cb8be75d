"""A watch over an event loop: a thread that tells when the loop stands still, in whose coroutine, and where."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

TICK_SECONDS = 0.1
SHOWN_FRAMES = 3

Told = Callable[[Any, float, str], None]


class LoopWatch:
    """Watches the loop of the thread that makes it, inside the `with` block.

    What it counts is only time in which its own thread ran: a machine that is busy, or was asleep, blames nobody.

    Arguments:
        loop: the running loop.
        limit: seconds for which it may stand still.
        tell: called in the watch's thread, once each time, with the task that runs, the seconds, and the place.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: float, tell: Told) -> None:
        self._loop = loop
        self._limit = limit
        self._tell = tell
        self._turns = 0
        self._closed = threading.Event()
        self._watched = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, name="tradewind-loop-watch", daemon=True)

    def __enter__(self) -> LoopWatch:
        self._turn()
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._closed.set()

    def _turn(self) -> None:
        self._turns += 1
        if not self._closed.is_set():
            self._loop.call_later(TICK_SECONDS, self._turn)

    def _watch(self) -> None:
        seen, still, looked, is_told = 0, 0.0, time.monotonic(), False
        while not self._closed.wait(TICK_SECONDS):
            now = time.monotonic()
            if self._turns != seen:
                seen, still, is_told = self._turns, 0.0, False
            else:
                still += min(now - looked, 2 * TICK_SECONDS)
            looked = now
            if still >= self._limit and not is_told:
                is_told = True
                frame = sys._current_frames().get(self._watched)  # noqa: SLF001  (documented for this)
                self._tell(asyncio.current_task(self._loop), still, place_of(frame))


def place_of(frame: FrameType | None) -> str:
    """Return where a thread stands: its innermost functions, each with file and line."""
    if frame is None:
        return "no code of Python"
    stack = traceback.extract_stack(frame)[-SHOWN_FRAMES:]
    return " → ".join(f"{each.name} ({each.filename}:{each.lineno})" for each in stack)

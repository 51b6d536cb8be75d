"""Where workers wait for work: a wake-up reaches those that wait at this server at once, and nobody polls meanwhile.

Each waiting worker holds a thread of the web server, as WSGI has it, so only so many may wait; the server has as many threads
more than it would have without them. What is beyond is told so, and asks from time to time.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from tradewind.metadata.wakeups import Wakeups, wait, worker_channel

LONGEST_WAIT = 20.0
TURN_SECONDS = 1.0
MOST_EXECUTORS = 100


@dataclass(frozen=True)
class Waited:
    """How a wait ended: the mark to begin the next with, whether there was a wake-up, and whether there was room to wait."""

    mark: str
    is_woken: bool
    has_room: bool


class WaitingRoom:
    """Lets calls wait for wake-ups.

    Arguments:
        most: that wait at once.
        listen: opens an ear for a channel.
    """

    def __init__(self, most: int, listen: Callable[[str], Wakeups]) -> None:
        self._room = threading.BoundedSemaphore(most) if most > 0 else None
        self._listen = listen
        self._changed = threading.Condition()
        self._name = uuid4().hex[:12]
        self._heard: dict[str, int] = {}
        self._is_closed = False

    def wait(self, executor: str, mark: str, seconds: float) -> Waited:
        """Wait until tries of an executor were queued after the mark was given, or so many seconds.

        Arguments:
            mark: of the wait before; one that is not of this server's process counts as a wake-up that was missed.
        """
        with self._changed:
            is_known = self._heard_by(executor)
            if not is_known:
                return Waited(mark, is_woken=False, has_room=False)
            if mark != self._mark(executor):
                return Waited(self._mark(executor), is_woken=True, has_room=True)
        if self._room is None or not self._room.acquire(blocking=False):
            return Waited(mark, is_woken=False, has_room=False)
        try:
            return self._waited(executor, mark, time.monotonic() + min(seconds, LONGEST_WAIT))
        finally:
            self._room.release()

    def _waited(self, executor: str, mark: str, until: float) -> Waited:
        with self._changed:
            while (now := self._mark(executor)) == mark and not self._is_closed:
                left = until - time.monotonic()
                if left <= 0:
                    return Waited(mark, is_woken=False, has_room=True)
                self._changed.wait(left)
            return Waited(now, is_woken=now != mark, has_room=True)

    def close(self) -> None:
        """Let everybody go."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _mark(self, executor: str) -> str:
        return f"{self._name}.{self._heard[executor]}"

    def _heard_by(self, executor: str) -> bool:
        """Begin to listen for an executor whose first worker waits; False where there are too many to be real."""
        if executor in self._heard:
            return True
        if len(self._heard) >= MOST_EXECUTORS or self._is_closed:
            return False
        self._heard[executor] = 0
        name = f"tradewind-wakeups-{executor}"
        threading.Thread(target=self._hear, args=(executor,), name=name, daemon=True).start()
        return True

    def _hear(self, executor: str) -> None:
        with contextlib.closing(self._listen(worker_channel(executor))) as ear:
            # What was queued before there was an ear nobody has heard: whoever waits already looks once more
            self._note(executor)
            while not self._is_closed:
                if wait(ear, TURN_SECONDS):
                    self._note(executor)

    def _note(self, executor: str) -> None:
        with self._changed:
            self._heard[executor] += 1
            self._changed.notify_all()

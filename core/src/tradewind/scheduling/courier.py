"""Delivery in a thread of its own: a listener that hangs holds up events for a while, and never the scheduler.

The scheduler's step says that events wait; the thread tells them one batch after the other. A thread that does not come back in
time is left alone, and another goes on: the event is told again when its hold has passed, and given up after five times.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol
from uuid import uuid4

from sqlalchemy.exc import DBAPIError

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 60.0
CLOSE_SECONDS = 5.0
MOST_LEFT_ALONE = 20


class Delivers(Protocol):
    """What tells one batch of events; see `Delivery.deliver`."""

    def deliver(self, taker: str) -> bool:
        """Tell one batch; tell whether more may be waiting."""
        ...


class Courier:
    """Tells events in a thread; itself a `Delivers` that never waits.

    Arguments:
        delivery: what tells them.
        deadline: seconds that one batch may take; as long as its events are held for their taker.
        monotonic: the clock for that.
    """

    def __init__(
        self,
        delivery: Delivers,
        *,
        deadline: float = DEADLINE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._delivery = delivery
        self._deadline = deadline
        self._monotonic = monotonic
        self._left_alone: list[_Teller] = []
        self._teller = _Teller(delivery, monotonic)

    def deliver(self, taker: str) -> bool:
        """Have the thread tell what waits; return at once."""
        began = self._teller.began
        if began is not None and self._monotonic() - began >= self._deadline:
            self._replace()
        self._teller.ask()
        return False

    def close(self, seconds: float = CLOSE_SECONDS) -> bool:
        """Let the batch that is being told end, for so many seconds; tell whether it did.

        What was not told is told by another scheduler, or by the next one.
        """
        is_done = self._teller.end(seconds)
        if not is_done:
            log.warning("a listener is still running after %g s: its event will be told again", seconds)
        return is_done

    def _replace(self) -> None:
        self._left_alone = [each for each in self._left_alone if each.is_running]
        if len(self._left_alone) >= MOST_LEFT_ALONE:
            return  # everything hangs: what was said of the first holds for all
        log.error(
            "a listener has been running for more than %g s and is left alone: its event will be told again, at most "
            "five times, and other events go on",
            self._deadline,
        )
        self._teller.end(0.0)
        self._left_alone.append(self._teller)
        self._teller = _Teller(self._delivery, self._monotonic)


class _Teller:
    """One thread that tells. It takes events in a name of its own: left alone, it can change nothing of its successor's."""

    def __init__(self, delivery: Delivers, monotonic: Callable[[], float]) -> None:
        self._delivery = delivery
        self._monotonic = monotonic
        self._taker = str(uuid4())
        self._asked = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._is_ended = False
        self.began: float | None = None
        # Daemonic: a listener that hangs for ever must not keep the process from ending
        self._thread = threading.Thread(target=self._work, name="tradewind-courier", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def ask(self) -> None:
        self._idle.clear()
        self._asked.set()

    def end(self, seconds: float) -> bool:
        self._is_ended = True
        self._asked.set()
        return self._idle.wait(seconds)

    def _work(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            self._tell_all()
            if self._is_ended:
                self._idle.set()
                return
            if not self._asked.is_set():
                self._idle.set()

    def _tell_all(self) -> None:
        try:
            is_more = True
            while is_more and not self._is_ended:
                self.began = self._monotonic()
                is_more = self._delivery.deliver(self._taker)
        except DBAPIError as error:
            log.warning("events could not be taken from the outbox, trying again: %s", error.orig)
        except Exception:
            log.exception("events could not be told, which is a bug; trying again at the next step")
        finally:
            self.began = None

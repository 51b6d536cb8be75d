"""Delivery in a thread of its own: a listener that hangs holds up events, and never the scheduler.

The scheduler's step says that events wait; the thread tells them one batch after the other. While it tells, the step says in
the log when that takes longer than it should.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from sqlalchemy.exc import DBAPIError

log = logging.getLogger(__name__)

SLOW_SECONDS = 30.0
CLOSE_SECONDS = 5.0


class Delivers(Protocol):
    """What tells one batch of events; see `Delivery.deliver`."""

    def deliver(self, taker: str) -> bool:
        """Tell one batch; tell whether more may be waiting."""
        ...


class Courier:
    """Tells events in a thread; itself a `Delivers` that never waits.

    Arguments:
        delivery: what tells them.
        slow_seconds: how long one batch may take before the log says so, and again each time as long.
        monotonic: the clock for that.
    """

    def __init__(
        self,
        delivery: Delivers,
        *,
        slow_seconds: float = SLOW_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._delivery = delivery
        self._slow_seconds = slow_seconds
        self._monotonic = monotonic
        self._taker = ""
        self._asked = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._is_closed = False
        self._complain_at: float | None = None
        # Daemonic: a listener that hangs for ever must not keep the process from ending
        threading.Thread(target=self._work, name="tradewind-courier", daemon=True).start()

    def deliver(self, taker: str) -> bool:
        """Have the thread tell what waits, for the scheduler of this id; return at once."""
        now = self._monotonic()
        complain_at = self._complain_at
        if complain_at is not None and now >= complain_at:
            self._complain_at = now + self._slow_seconds
            log.warning("a listener has been running for more than %g s; other events wait for it", self._slow_seconds)
        self._taker = taker
        self._idle.clear()
        self._asked.set()
        return False

    def close(self, seconds: float = CLOSE_SECONDS) -> bool:
        """Let the batch that is being told end, for so many seconds; tell whether it did.

        What was not told is told by another scheduler, or by the next one.
        """
        self._is_closed = True
        self._asked.set()
        is_done = self._idle.wait(seconds)
        if not is_done:
            log.warning("a listener is still running after %g s: its event will be told again", seconds)
        return is_done

    def _work(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            self._tell_all()
            if self._is_closed:
                self._idle.set()
                return
            if not self._asked.is_set():
                self._idle.set()

    def _tell_all(self) -> None:
        try:
            is_more = True
            while is_more and not self._is_closed:
                self._complain_at = self._monotonic() + self._slow_seconds
                is_more = self._delivery.deliver(self._taker)
        except DBAPIError as error:
            log.warning("events could not be taken from the outbox, trying again: %s", error.orig)
        except Exception:
            log.exception("events could not be told, which is a bug; trying again at the next step")
        finally:
            self._complain_at = None

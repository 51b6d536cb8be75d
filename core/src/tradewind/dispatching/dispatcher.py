"""The dispatcher: takes turns in which it renews its lease, sends tickets and looks at what became of them.

Of several dispatchers of one executor the one that has been there longest sends; the others wait for its lease to end. Two at
once, for a moment, send tickets twice.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable
from functools import partial
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from tradewind.dispatching.desk import Desk
from tradewind.dispatching.evidence import Evidence
from tradewind.dispatching.sending import Sender
from tradewind.metadata.statements import dispatches
from tradewind.metadata.wakeups import SCHEDULER
from tradewind.transitions import daemons

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Between two looks at what waits and at what the executor has seen, where nothing wakes it."""
COMPARE_SECONDS = 10.0
"""Between two comparisons of what the executor has with the database."""
LONGEST_PAUSE = 30.0


class Dispatcher:
    """Takes turns; used by one thread.

    Arguments:
        desk: what it works with.
        now: a monotonic clock, in seconds.
    """

    def __init__(self, desk: Desk, now: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._now = now
        self._sender = Sender(desk)
        self._evidence = Evidence(desk, self._sender)
        self.id = ""
        self._is_leader = False
        self._offered = 0
        self._renew_at = self._look_at = self._compare_at = 0.0
        self._pause = 0.0

    # --- the lease ----------------------------------------------------------------------------------------------------

    def register(self) -> None:
        """Announce this dispatcher. It offers slots once it turns out that it is the one that sends."""
        desk = self._desk
        self.id = self._sender.dispatcher = str(uuid4())
        self._is_leader, self._offered = False, 0
        register = partial(
            daemons.register,
            daemon_id=self.id,
            kind=daemons.WORKER,
            host=socket.gethostname(),
            pid=os.getpid(),
            clock=desk.clock,
            leases=desk.leases,
            executor=desk.name,
            slots=0,
        )
        desk.database.write(register)
        self._renew_at = 0.0

    def leave(self) -> None:
        """Say that this dispatcher has ended."""
        desk = self._desk
        desk.database.write(lambda conn: daemons.end_daemon(conn, self.id, "stopped", clock=desk.clock))

    def _renew(self) -> None:
        desk, sql_now = self._desk, self._desk.clock.sql_now()
        slots = self._slots()

        def work(conn: sa.Connection) -> tuple[bool, bool]:
            is_alive = daemons.renew(conn, self.id, clock=desk.clock, leases=desk.leases)
            is_leader = dispatches.leader(conn, desk.name, sql_now=sql_now) == self.id
            dispatches.offer(conn, self.id, slots if is_leader else 0)
            return is_alive, is_leader

        is_alive, is_leader = desk.database.write(work)
        if not is_alive:
            log.warning("this dispatcher was silent for so long that others took it for dead: it begins anew")
            self.register()
            return
        if is_leader != self._is_leader:
            log.info("%s is %s by this process", desk.name, "served from now on" if is_leader else "no longer served")
        offered = slots if is_leader else 0
        if offered > self._offered:
            desk.mouth.notify({SCHEDULER})  # what waited for room may be admitted now
        self._is_leader, self._offered = is_leader, offered

    def _slots(self) -> int:
        """Return how many slots to offer: as many as before, where the executor cannot say."""
        capacity = self._desk.capacity()
        if capacity is None:
            return self._offered
        return self._desk.slots if capacity.total is None else capacity.total

    # --- turns --------------------------------------------------------------------------------------------------------

    def turn(self, *, is_woken: bool = False) -> float:
        """Do what is due; return after how many seconds something is again.

        Arguments:
            is_woken: whether something may have been queued just now.
        """
        try:
            self._turn(is_woken=is_woken)
            self._pause = 0.0
        except DBAPIError as error:
            self._pause = min(LONGEST_PAUSE, max(LOOK_SECONDS, self._pause * 2))
            log.warning("the database cannot be reached, it is tried again: %s", getattr(error, "orig", error))
        return max(self._pause, min(self._renew_at, self._look_at) - self._now())

    def _turn(self, *, is_woken: bool) -> None:
        now = self._now()
        if now >= self._renew_at:
            self._renew()
            self._renew_at = now + self._desk.renew_every
        if not is_woken and now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        if not self._is_leader:
            return
        self._sender.send_new()
        if self._evidence.look():
            self._compare_at = min(self._compare_at, now + LOOK_SECONDS)
        if now >= self._compare_at:
            self._compare_at = now + COMPARE_SECONDS
            self._evidence.compare()

"""A daemon's own lease: registered at the first beat, renewed when it is time, ended at the end."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import Ids
from tradewind.transitions import daemons
from tradewind.transitions.daemons import Leases

log = logging.getLogger(__name__)


class LeaseKeeper:
    """Keeps the lease of a daemon that runs no tasks.

    Arguments:
        kind: `processor`, `webserver` …
        renew_every: seconds between two renewals.
        monotonic: the clock for that interval.
    """

    def __init__(
        self,
        database: Database,
        kind: str,
        *,
        clock: Clock,
        ids: Ids,
        leases: Leases,
        renew_every: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._kind = kind
        self._clock = clock
        self._ids = ids
        self._leases = leases
        self._renew_every = renew_every
        self._monotonic = monotonic
        self._daemon_id: str | None = None
        self._next = 0.0

    def keep(self) -> None:
        """Renew the lease if it is time; called often. A database that does not answer is asked again next time."""
        now = self._monotonic()
        if now < self._next:
            return
        self._next = now + self._renew_every
        try:
            self._database.write(self._renew)
        except DBAPIError as error:
            log.warning("the lease could not be renewed, trying again: %s", error.orig)

    def end(self) -> None:
        """Say that the daemon has stopped."""
        daemon_id = self._daemon_id
        if daemon_id is None:
            return
        try:
            self._database.write(lambda conn: daemons.end_daemon(conn, daemon_id, "stopped", clock=self._clock))
        except DBAPIError as error:
            log.warning("the database was not told of the end, the lease will expire: %s", error.orig)

    def _renew(self, conn: sa.Connection) -> None:
        known = self._daemon_id
        if known is not None and daemons.renew(conn, known, clock=self._clock, leases=self._leases):
            return
        # New, or declared ended while this machine slept: nothing hangs on the old id, so a new one will do
        self._daemon_id = self._ids.nonce()
        daemons.register(
            conn,
            daemon_id=self._daemon_id,
            kind=self._kind,
            host=socket.gethostname(),
            pid=os.getpid(),
            clock=self._clock,
            leases=self._leases,
        )

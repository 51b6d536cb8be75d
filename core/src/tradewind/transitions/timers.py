"""Timers: what waited for a moment (a retry, a reschedule) waits for admission from then on."""

from __future__ import annotations

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.statements import instances, timers


def release_due(conn: sa.Connection, *, clock: Clock, limit: int = 500) -> int:
    """Move due instances to `scheduled`, at most `limit`, and return how many there were."""
    now = clock.now()
    keys = timers.lock_due(conn, now=now, most=limit)
    if keys:
        instances.release(conn, keys, now=now)
    return len(keys)

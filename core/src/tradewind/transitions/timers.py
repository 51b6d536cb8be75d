"""Timers: what waited for a moment (a retry, a reschedule) waits for admission from then on; a deferral ends with it."""

from __future__ import annotations

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.statements import deferrals, instances, timers
from tradewind.transitions.states import TaskState


def release_due(conn: sa.Connection, *, clock: Clock, limit: int = 500) -> int:
    """Move due instances to `scheduled`, at most `limit`, and return how many there were.

    What was deferred for too long goes on at once, to be told so.
    """
    now = clock.now()
    due = timers.lock_due(conn, now=now, most=limit)
    overdue = [key for key, state in due if state == TaskState.DEFERRED]
    keys = [key for key, state in due if state != TaskState.DEFERRED]
    if keys:
        instances.release(conn, keys, now=now)
    if overdue:
        deferrals.time_out(conn, overdue)
        instances.admit(conn, overdue, now=now)
    return len(due)

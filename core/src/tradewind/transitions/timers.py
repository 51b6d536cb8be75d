"""Timers: what waited for a moment (a retry, a reschedule) waits for admission from then on; a deferral ends with it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.statements import deferrals, instances, timers
from tradewind.metadata.wakeups import worker_channel
from tradewind.transitions.states import TaskState


@dataclass(frozen=True, slots=True)
class Released:
    """How many instances were due, and the channels of the workers to wake after the commit."""

    count: int
    wake: frozenset[str] = frozenset()


def release_due(conn: sa.Connection, *, clock: Clock, limit: int = 500) -> int:
    """Do as `release`, and return how many there were: for whoever wakes everybody anyway."""
    return release(conn, clock=clock, limit=limit).count


def release(conn: sa.Connection, *, clock: Clock, limit: int = 500) -> Released:
    """Move due instances to `scheduled`, at most `limit`.

    What was deferred for too long goes on at once, to be told so.
    """
    now = clock.now()
    due = timers.lock_due(conn, now=now, most=limit)
    overdue = {key: executor for key, state, executor in due if state == TaskState.DEFERRED}
    keys = [key for key, state, _ in due if state != TaskState.DEFERRED]
    if keys:
        instances.release(conn, keys, now=now)
    if overdue:
        deferrals.time_out(conn, overdue)
        instances.admit(conn, overdue, now=now)
    return Released(len(due), frozenset(map(worker_channel, overdue.values())))

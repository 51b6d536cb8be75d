"""Telling listeners of ends: events are taken from the outbox, told outside of any transaction, and then deleted.

One scheduler tells at a time, in the order of the outbox, so that a run's events keep their order. What it has taken is its
own for a while: should it die between a call and the deletion, another one tells them once more.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa
from tradewind_plugins.events import DagRunEnded, TaskInstanceEnded

from tradewind.daemon_log.about import about
from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import outbox
from tradewind.metadata.statements.outbox import Pending
from tradewind.metrics.catalogue import EVENTS_FAILED, EVENTS_TOLD
from tradewind.metrics.recording import count
from tradewind.plugins.behaviour import StateListeners

log = logging.getLogger(__name__)

BATCH = 100
ATTEMPTS = 5
FIRST_PAUSE = timedelta(seconds=10)
"""How long an event waits after a listener failed on it; twice as long after each further failure."""
TURN = timedelta(seconds=1)
"""How long one batch is told: the event begun is told, the rest comes next time. See `courier` for listeners that hang."""
HOLD = timedelta(seconds=60)
"""How long taken events are their taker's own."""


@dataclass(slots=True)
class _Told:
    """What became of a batch.

    Arguments:
        over: events to delete.
        put_off: events that are told again, with the plugins that have heard them.
        untold: events that were not come to.
        blocked: runs whose later events wait.
    """

    over: list[int] = field(default_factory=list)
    put_off: list[tuple[Pending, frozenset[str]]] = field(default_factory=list)
    untold: list[int] = field(default_factory=list)
    blocked: set[int] = field(default_factory=set)


class Delivery:
    """Delivers the events of the outbox to the listeners of this process.

    Arguments:
        database: the metadata database.
        listeners: whom to tell.
        clock: injected.
    """

    def __init__(self, database: Database, listeners: StateListeners, *, clock: Clock) -> None:
        self._database = database
        self._listeners = listeners
        self._clock = clock

    def deliver(self, taker: str) -> bool:
        """Tell one batch, as far as the turn lasts; tell whether more may be waiting.

        Arguments:
            taker: id of the scheduler; no other one may take what it has taken.
        """
        with self._database.read() as conn:
            if outbox.is_empty(conn):
                return False
        batch = self._database.write(partial(self._take, taker=taker))
        if not batch:
            return False
        told = self._tell_all(batch, turn_ends=self._clock.now() + TURN)
        self._database.write(partial(self._record, told=told, taker=taker))
        return bool(told.over)

    def _take(self, conn: sa.Connection, *, taker: str) -> list[Pending]:
        now = outbox.current(conn, self._clock.sql_now())
        return outbox.take(conn, taker=taker, now=now, until=now + HOLD, most=BATCH)

    def _tell_all(self, batch: list[Pending], *, turn_ends: datetime) -> _Told:
        told = _Told()
        for pending in batch:
            if pending.run in told.blocked or (self._clock.now() >= turn_ends and pending is not batch[0]):
                told.untold.append(pending.id)
            elif pending.attempts >= ATTEMPTS:
                # Each time its scheduler ended, or was stopped, before the event was over.
                log.error(
                    "event %s is given up: it was begun %d times and never finished",
                    _name(pending),
                    ATTEMPTS,
                    extra=_about(pending),
                )
                told.over.append(pending.id)
            else:
                self._tell(pending, told)
        return told

    def _tell(self, pending: Pending, told: _Told) -> None:
        event = _event(pending)
        if event is None:
            log.warning("event %d is dropped: its run was deleted before anybody heard of it", pending.id)
            told.over.append(pending.id)
            return
        heard, failed = self._listeners.tell(pending.kind, event, besides=pending.heard_by)
        count(EVENTS_FAILED if failed else EVENTS_TOLD)
        if not failed:
            told.over.append(pending.id)
        elif pending.attempts + 1 >= ATTEMPTS:
            who = ", ".join(sorted(failed))
            log.error(
                "event %s is given up: plugin %s failed on it %d times",
                _name(pending),
                who,
                ATTEMPTS,
                extra=_about(pending),
            )
            told.over.append(pending.id)
        else:
            told.put_off.append((pending, heard.union(pending.heard_by)))
            told.blocked.add(pending.run)

    def _record(self, conn: sa.Connection, *, told: _Told, taker: str) -> None:
        outbox.delete(conn, told.over, taker)
        outbox.give_back(conn, told.untold, taker)
        if not told.put_off:
            return
        now = outbox.current(conn, self._clock.sql_now())
        for pending, heard in told.put_off:
            until = now + FIRST_PAUSE * 2**pending.attempts
            outbox.put_off(conn, pending.id, taker, heard_by=heard, until=until)


def _event(pending: Pending) -> DagRunEnded | TaskInstanceEnded | None:
    """Return what listeners are given; None where the run is gone and nobody knows its name any more."""
    if pending.dag_id is None or pending.run_id is None:
        return None
    if pending.task_id is None or pending.try_number is None or pending.map_index is None:
        return DagRunEnded(
            dag_id=pending.dag_id,
            run_id=pending.run_id,
            state=pending.state,
            ended_at=pending.ended_at,
            key=str(pending.id),
        )
    return TaskInstanceEnded(
        dag_id=pending.dag_id,
        run_id=pending.run_id,
        task_id=pending.task_id,
        map_index=pending.map_index,
        state=pending.state,
        try_number=pending.try_number,
        cause=pending.cause,
        ended_at=pending.ended_at,
        key=str(pending.id),
    )


def _name(pending: Pending) -> str:
    return f"{pending.id} ({pending.kind})"


def _about(pending: Pending) -> dict[str, str | int]:
    return about(
        dag_id=pending.dag_id,
        run_id=pending.run_id,
        task_id=pending.task_id,
        map_index=pending.map_index,
        try_number=pending.try_number,
    )


def open_delivery(database: Database, listeners: StateListeners, *, clock: Clock) -> Delivery | None:
    """Return the delivery of a scheduler, None where nobody listens."""
    return None if listeners.is_empty else Delivery(database, listeners, clock=clock)

"""Statements by which workers find and claim what was queued for them, and by which a hand-over asks who waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.hot import Hot, any_of, hot
from tradewind.metadata.statements import callbacks, drains, holds
from tradewind.metadata.statements.states import equal, waiting
from tradewind.metadata.tables import dag_run, task_instance

_ti = task_instance.c
_run = dag_run.c
_queued = task_instance.alias("backlog")
_waiting = task_instance.alias("waiting")


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """What a ticket is made of, as the row was before the claim."""

    instance: int
    token: int
    try_number: int
    max_tries: int
    run: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    version_id: int
    executor: str
    queue: str


@dataclass(frozen=True, slots=True)
class Claimable:
    """The rows a claim locked, how many were queued for the executor in all, and whether anything waits for admission.

    Where nothing was queued it is also known whether a callback may be due.
    """

    rows: tuple[ClaimRow, ...]
    backlog: int
    is_scheduled_waiting: bool
    is_callback_due: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a hand-over must know: who else waits, and whether above the successor's priority."""

    is_scheduled_higher: bool
    is_queued_higher: bool
    is_any_queued: bool
    is_any_scheduled: bool


_TICKET = (
    _ti.id,
    _ti.token,
    _ti.try_number,
    _ti.max_tries,
    _ti.run,
    _ti.dag_id,
    _run.run_id,
    _ti.task_id,
    _ti.map_index,
    _run.version_id,
    _ti.executor,
    _ti.queue,
)
_BACKLOG = (
    sa.select(sa.func.count())
    .select_from(_queued)
    .where(waiting(_queued.c.state, "queued"), _queued.c.executor == sa.bindparam("of_executor"))
    .scalar_subquery()
)
_IS_SCHEDULED = sa.exists(sa.select(_waiting.c.id).where(waiting(_waiting.c.state, "scheduled")))


def _of_run(column: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
    # In a subquery, so that the lock is on the instances alone, on MariaDB too
    return sa.select(column).where(_run.id == _ti.run).correlate(task_instance).scalar_subquery()


_CLAIM = (
    sa.select(
        *[_of_run(column) if column.table is dag_run else column for column in _TICKET],
        _BACKLOG.label("backlog"),
        _IS_SCHEDULED.label("waiting"),
    )
    .where(
        waiting(_ti.state, "queued"),
        _ti.executor == sa.bindparam("of_executor"),
        ~drains.is_asking_drained("by_worker"),
    )
    .order_by(_ti.priority.desc(), _ti.queued_at, _ti.id)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)
_CLAIM_ONE = (
    sa.select(*[_of_run(column) if column.table is dag_run else column for column in _TICKET])
    .where(
        waiting(_ti.state, "queued"),
        _ti.id == sa.bindparam("instance"),
        _ti.token == sa.bindparam("at_token"),
        _ti.executor == sa.bindparam("of_executor"),
    )
    .with_for_update()
)
_CLAIM_QUEUES = _CLAIM.where(any_of(_ti.queue, "queues"))
_CLAIMED = (
    sa.select(*_TICKET)
    .join_from(task_instance, dag_run, _run.id == _ti.run)
    .where(_ti.worker == sa.bindparam("by"), _ti.nonce == sa.bindparam("claim"), equal(_ti.state, "running"))
    .order_by(_ti.id)
)
_ANY_SCHEDULED = Hot(sa.select(_IS_SCHEDULED))
_NOTHING_QUEUED = Hot(sa.select(_IS_SCHEDULED, callbacks.IS_DUE))


def _exists(state: str, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists(sa.select(_ti.id).where(waiting(_ti.state, state), *conditions))


_WHO_WAITS = Hot(
    sa.select(
        # Where anything is held or drained, only admission decides who gets slots: it knows what
        sa.or_(
            _exists("scheduled", _ti.pool == sa.bindparam("of_pool"), _ti.priority > sa.bindparam("priority")),
            holds.IS_ANYTHING_HELD,
            drains.IS_ANYTHING_DRAINED,
        ),
        _exists("queued", _ti.executor == sa.bindparam("of_executor"), _ti.priority > sa.bindparam("priority")),
        _exists("queued", _ti.executor == sa.bindparam("of_executor")),
        _IS_SCHEDULED,
    )
)


def lock_claimable(
    conn: sa.Connection, executor: str, queues: Iterable[str] | None, *, worker: str, most: int, now: datetime
) -> Claimable:
    """Lock what a worker may claim now, highest priority first, passing over rows that others hold; nothing if it is drained."""
    wanted: dict[str, Any] = {"of_executor": executor, "by_worker": worker, "most": most}
    if queues is None:
        rows = hot(_CLAIM).rows(conn, wanted)
    else:
        rows = hot(_CLAIM_QUEUES).rows(conn, {**wanted, "queues": sorted(queues)})
    if not rows:
        ((is_scheduled, is_callback_due),) = _NOTHING_QUEUED.rows(conn, {"now": now})
        return Claimable((), 0, bool(is_scheduled), bool(is_callback_due))
    *_, backlog, is_scheduled_waiting = rows[0]
    return Claimable(tuple(_claim_row(row) for row in rows), backlog, bool(is_scheduled_waiting))


def _claim_row(row: Any) -> ClaimRow:
    return ClaimRow(*row[: len(_TICKET)])


def lock_dispatched(conn: sa.Connection, instance: int, token: int, executor: str) -> ClaimRow | None:
    """Lock one queued instance of an executor, at this very token; None where it is not (any more)."""
    wanted = {"instance": instance, "at_token": token, "of_executor": executor}
    row = conn.execute(_CLAIM_ONE, wanted).one_or_none()
    return None if row is None else _claim_row(row)


def claimed(conn: sa.Connection, worker: str, nonce: str) -> tuple[ClaimRow, ...]:
    """Return what a worker claimed by a nonce and still runs; tokens and tries as they are after the claim."""
    return tuple(_claim_row(row) for row in conn.execute(_CLAIMED, {"by": worker, "claim": nonce}))


def who_waits(conn: sa.Connection, *, pool: str, executor: str, priority: int) -> Waiting:
    """Tell who else waits in a pool and for an executor, with four probes of an index in one statement."""
    (row,) = _WHO_WAITS.rows(conn, {"of_pool": pool, "of_executor": executor, "priority": priority})
    return Waiting(*(bool(found) for found in row))


def is_any_scheduled(conn: sa.Connection) -> bool:
    """Tell whether anything waits for admission."""
    ((found,),) = _ANY_SCHEDULED.rows(conn, {})
    return bool(found)

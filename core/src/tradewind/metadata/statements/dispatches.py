"""Statements on tickets: which tries an executor is still to be given, and which of those it has are over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements import drains
from tradewind.metadata.statements.states import equal, waiting
from tradewind.metadata.tables import daemon, dag_run, dispatch, task_instance

_ti = task_instance.c
_d = daemon.c
_sent = dispatch.c
Key = tuple[int, int]
"""A task instance and the token of a dispatch of it."""


@dataclass(frozen=True, slots=True)
class QueuedTry:
    """A queued try, and the token that it has once it is claimed.

    Arguments:
        attempts: how often an executor took a ticket of it on.
    """

    instance: int
    token: int
    queue: str
    task_id: str
    version_id: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A ticket that an executor has, and where its try has got to.

    Arguments:
        is_queued, is_running: of this very dispatch; neither where it is over.
        worker, nonce: by whom and how it was claimed, where it runs.
    """

    instance: int
    token: int
    dispatched_at: datetime
    attempts: int
    is_queued: bool
    is_running: bool
    worker: str | None
    nonce: str | None


_TOKEN = _ti.token + 1
_QUEUED = (
    sa.select(_ti.id, _TOKEN, _ti.queue, _ti.task_id, dag_run.c.version_id, sa.func.coalesce(_sent.attempts, 0))
    .join_from(task_instance, dag_run, dag_run.c.id == _ti.run)
    .join(dispatch, sa.and_(_sent.instance == _ti.id, _sent.token == _TOKEN), isouter=True)
    .where(waiting(_ti.state, "queued"), _ti.executor == sa.bindparam("of_executor"))
    .order_by(_ti.priority.desc(), _ti.queued_at, _ti.id)
)
_NEW = _QUEUED.where(_sent.instance.is_(None), ~drains.is_asking_drained("by_daemon")).limit(sa.bindparam("most"))
_AGAIN = _QUEUED.where(sa.tuple_(_ti.id, _TOKEN).in_(sa.bindparam("keys", expanding=True)))
_ALL = (
    sa.select(
        _sent.instance,
        _sent.token,
        _sent.dispatched_at,
        _sent.attempts,
        sa.func.coalesce(sa.and_(_ti.state == "queued", _sent.token == _TOKEN), sa.false()),
        sa.func.coalesce(sa.and_(_ti.state == "running", _ti.token == _sent.token), sa.false()),
        _ti.worker,
        _ti.nonce,
    )
    .join_from(dispatch, task_instance, _ti.id == _sent.instance, isouter=True)
    .where(_sent.executor == sa.bindparam("of_executor"))
    .order_by(_sent.instance, _sent.token)
)
_IS = sa.tuple_(_sent.instance, _sent.token).in_(sa.bindparam("keys", expanding=True))


def new(conn: sa.Connection, executor: str, *, by: str, most: int) -> list[QueuedTry]:
    """Return queued tries of which the executor has no ticket yet, highest priority first.

    Arguments:
        by: who asks, the id of its row in `daemon`; it gets none while it is drained.
    """
    rows = conn.execute(_NEW, {"of_executor": executor, "by_daemon": by, "most": most})
    return [QueuedTry(*row) for row in rows]


def still_queued(conn: sa.Connection, executor: str, keys: Collection[Key]) -> list[QueuedTry]:
    """Return those of these tickets whose tries wait to be claimed."""
    return [QueuedTry(*row) for row in conn.execute(_AGAIN, {"of_executor": executor, "keys": sorted(keys)})]


def sent(conn: sa.Connection, executor: str) -> list[Sent]:
    """Return the tickets that an executor has."""
    rows = conn.execute(_ALL, {"of_executor": executor})
    return [Sent(row[0], row[1], row[2], row[3], bool(row[4]), bool(row[5]), row[6], row[7]) for row in rows]


def note(conn: sa.Connection, executor: str, tries: Sequence[QueuedTry], *, now: datetime) -> None:
    """Note that an executor took tickets of these tries on, once more."""
    rows: list[dict[str, Any]] = [
        {
            "instance": each.instance,
            "token": each.token,
            "executor": executor,
            "dispatched_at": now,
            "attempts": each.attempts + 1,
        }
        for each in tries
    ]
    if rows:
        forget(conn, [(each.instance, each.token) for each in tries])
        conn.execute(dispatch.insert(), rows)


def forget(conn: sa.Connection, keys: Collection[Key]) -> None:
    """Forget tickets."""
    if keys:
        conn.execute(dispatch.delete().where(_IS), {"keys": sorted(keys)})


def ticket_of(conn: sa.Connection, instance: int) -> Any | None:
    """Return (dispatched_at, attempts) of the newest ticket of an instance that waits to be claimed; None without one."""
    query = (
        sa.select(_sent.dispatched_at, _sent.attempts)
        .join_from(dispatch, task_instance, _ti.id == _sent.instance)
        .where(_ti.id == instance, equal(_ti.state, "queued"), _sent.token == _TOKEN)
    )
    return conn.execute(query).one_or_none()


def leader(conn: sa.Connection, executor: str, *, sql_now: sa.ColumnElement[Any]) -> str | None:
    """Return which of the live dispatchers of an executor has been there longest; those that run single tries offer no slots."""
    query = (
        sa.select(_d.id)
        .where(
            equal(_d.kind, "worker"),
            _d.executor == executor,
            _d.slots.is_not(None),
            _d.ended_at.is_(None),
            _d.expires_at > sql_now,
        )
        .order_by(_d.started_at, _d.id)
        .limit(1)
    )
    found: str | None = conn.execute(query).scalar_one_or_none()
    return found


def offer(conn: sa.Connection, dispatcher: str, slots: int) -> None:
    """Write how many slots a dispatcher offers."""
    conn.execute(daemon.update().where(_d.id == dispatcher, _d.slots != slots).values(slots=slots))

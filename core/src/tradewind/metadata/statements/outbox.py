"""Statements on the outbox: events of state changes, written with the change itself and deleted once they were told."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements.admission import lock_buckets
from tradewind.metadata.tables import dag_run, event_outbox

MUTEX = "outbox"
"""The bucket whose lock is held while rows are taken, so that two takers see each other."""

_out = event_outbox.c
_run = dag_run.c
_now = sa.bindparam("now", type_=_out.due_at.type)
_before = event_outbox.alias("before")

_ANY = sa.select(_out.id).limit(1)
_TAKEN_BY_OTHERS = sa.select(_out.id).where(_out.taken_until > _now, _out.taken_by != sa.bindparam("taker")).limit(1)
_WAITS_FOR_ANOTHER = sa.exists(
    sa.select(_before.c.id).where(_before.c.run == _out.run, _before.c.id < _out.id, _before.c.due_at > _now)
)
_FIRST = (
    sa.select(
        _out.id,
        _out.run,
        _out.kind,
        _run.dag_id,
        _run.run_id,
        _out.task_id,
        _out.map_index,
        _out.try_number,
        _out.state,
        _out.cause,
        _out.ended_at,
        _out.heard_by,
        _out.attempts,
    )
    .outerjoin_from(event_outbox, dag_run, _run.id == _out.run)
    .where(sa.or_(_out.due_at.is_(None), _out.due_at <= _now), ~_WAITS_FOR_ANOTHER)
    .order_by(_out.id)
    .limit(sa.bindparam("most"))
)
_IS_MINE = (_out.id.in_(sa.bindparam("ids", expanding=True)), _out.taken_by == sa.bindparam("taker"))
_TAKE = (
    event_outbox.update()
    .where(_out.id.in_(sa.bindparam("ids", expanding=True)))
    .values(
        taken_by=sa.bindparam("by"),
        taken_until=sa.bindparam("until", type_=_out.taken_until.type),
        attempts=_out.attempts + 1,
    )
)
_DELETE = event_outbox.delete().where(*_IS_MINE)
_GIVE_BACK = event_outbox.update().where(*_IS_MINE).values(taken_by=None, taken_until=None, attempts=_out.attempts - 1)
_PUT_OFF = (
    event_outbox.update()
    .where(_out.id == sa.bindparam("key"), _out.taken_by == sa.bindparam("taker"))
    .values(taken_by=None, taken_until=None, heard_by=sa.bindparam("told"), due_at=sa.bindparam("later"))
)


@dataclass(frozen=True, slots=True)
class Pending:
    """An event to be told. The names are None where its run was deleted meanwhile.

    `attempts` counts earlier ones; `heard_by` names the plugins that have heard it.
    """

    id: int
    run: int
    kind: str
    dag_id: str | None
    run_id: str | None
    task_id: str | None
    map_index: int | None
    try_number: int | None
    state: str
    cause: str | None
    ended_at: datetime
    heard_by: tuple[str, ...]
    attempts: int


def is_listened(conn: sa.Connection, hook: str) -> bool:
    """Tell whether somebody implements a hook; known since the process started, no statement."""
    return hook in conn.get_execution_options().get("tradewind_listened", ())


def add(conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert events, in their order: run, kind, task_id, map_index, try_number, state, cause, ended_at each."""
    if rows:
        conn.execute(event_outbox.insert(), [dict(row) for row in rows])


def is_empty(conn: sa.Connection) -> bool:
    """Tell whether there is nothing to tell."""
    return conn.execute(_ANY).first() is None


def current(conn: sa.Connection, sql_now: sa.ColumnElement[Any]) -> datetime:
    """Return the database's time: what one scheduler takes until a moment, another one judges, whose clock may differ."""
    now: datetime = conn.execute(sa.select(sql_now)).scalar_one()
    return now


def take(conn: sa.Connection, taker: str, *, now: datetime, until: datetime, most: int) -> list[Pending]:
    """Take the first events that are due, for one taker until a moment; none while another one is telling.

    A run's events stay behind one of theirs that was put off. An event that was taken before comes alone: should it end the
    process, none beside it is counted as tried.
    """
    lock_buckets(conn, [MUTEX])
    if conn.execute(_TAKEN_BY_OTHERS, {"now": now, "taker": taker}).first() is not None:
        return []
    found = [_pending(row) for row in conn.execute(_FIRST, {"now": now, "most": most})]
    batch = found[:1] if found and found[0].attempts else _until_tried(found)
    if batch:
        conn.execute(_TAKE, {"ids": [each.id for each in batch], "by": taker, "until": until})
    return batch


def _until_tried(found: Sequence[Pending]) -> list[Pending]:
    tried = next((index for index, each in enumerate(found) if each.attempts), len(found))
    return list(found[:tried])


def _pending(row: Any) -> Pending:
    values = row._asdict()
    return Pending(**{**values, "heard_by": tuple(json.loads(row.heard_by))})


def delete(conn: sa.Connection, keys: Iterable[int], taker: str) -> None:
    """Delete events that the taker has told, or gives up."""
    if ids := sorted(keys):
        conn.execute(_DELETE, {"ids": ids, "taker": taker})


def give_back(conn: sa.Connection, keys: Iterable[int], taker: str) -> None:
    """Let go of events that the taker did not come to."""
    if ids := sorted(keys):
        conn.execute(_GIVE_BACK, {"ids": ids, "taker": taker})


def put_off(conn: sa.Connection, key: int, taker: str, *, heard_by: Collection[str], until: datetime) -> None:
    """Keep an event for the plugins that failed on it, until a moment."""
    conn.execute(_PUT_OFF, {"key": key, "taker": taker, "told": json.dumps(sorted(heard_by)), "later": until})

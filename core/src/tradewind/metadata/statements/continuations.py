"""Statements on continuations: work on a run that passed the cap of one transaction, or that needs its exclusive lock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.tables import continuation, dag, dag_run

_c = continuation.c
_FIRST = (
    sa.select(_c.id, _c.run, _c.kind, _c.payload, dag_run.c.dag_id)
    .join_from(continuation, dag_run, dag_run.c.id == _c.run)
    .outerjoin(dag, dag.c.dag_id == dag_run.c.dag_id)
    .where(dag.c.quarantine.is_(None), dag_run.c.state != "queued")
    .order_by(_c.id)
    .limit(sa.bindparam("most"))
)
_OF_RUN = (
    sa.select(_c.id, _c.run, _c.kind, _c.payload, dag_run.c.dag_id)
    .join_from(continuation, dag_run, dag_run.c.id == _c.run)
    .where(_c.run == sa.bindparam("of_run"))
    .order_by(_c.id)
)
_TAKE = continuation.delete().where(_c.id == sa.bindparam("key"))
_DROP = continuation.delete().where(_c.run == sa.bindparam("of_run"))


@dataclass(frozen=True, slots=True)
class Continuation:
    """One piece of work to go on with. `payload` is what its kind needs, decoded; `dag_id` is known once it is read."""

    id: int
    run: int
    kind: str
    payload: Any
    dag_id: str = ""


def add(conn: sa.Connection, rows: Sequence[Continuation], *, now: datetime) -> None:
    """Insert continuations."""
    values = [
        {"id": row.id, "run": row.run, "kind": row.kind, "payload": json.dumps(row.payload), "created_at": now}
        for row in rows
    ]
    if values:
        conn.execute(continuation.insert(), values)


def first(conn: sa.Connection, most: int) -> list[Continuation]:
    """Return the oldest continuations, unlocked; those of queued runs and of DAGs in quarantine wait."""
    return _decoded(conn.execute(_FIRST, {"most": most}))


def of_run(conn: sa.Connection, run: int) -> list[Continuation]:
    """Return the continuations of a run."""
    return _decoded(conn.execute(_OF_RUN, {"of_run": run}))


def take(conn: sa.Connection, continuation_id: int) -> bool:
    """Delete a continuation and tell whether it was still there: whoever deletes it does its work."""
    return conn.execute(_TAKE, {"key": continuation_id}).rowcount == 1


def drop(conn: sa.Connection, run: int) -> None:
    """Delete a run's continuations, when a recount makes them void."""
    conn.execute(_DROP, {"of_run": run})


def _decoded(rows: Iterable[Any]) -> list[Continuation]:
    return [Continuation(row.id, row.run, row.kind, json.loads(row.payload), row.dag_id) for row in rows]

"""Statements on XComs: what tasks push for others to pull."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from tradewind.metadata.tables import dag_run, task_instance, xcom

KEY = ("run", "task_id", "map_index", "key")
VALUES = ("value", "storage", "type", "size", "length", "pushed_at")


def upsert(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store pushed values, replacing earlier ones under the same key.

    Arguments:
        rows: every column of `xcom` by name; sorted here by key, so that two writers lock in the same order.
    """
    if rows:
        ordered = sorted(rows, key=lambda row: tuple(row[name] for name in KEY))
        connection.execute(_upsert(connection.dialect.name), ordered)


def _upsert(dialect: str) -> sa.Insert:
    if dialect in {"mysql", "mariadb"}:
        insert = mysql.insert(xcom)
        return insert.on_duplicate_key_update({name: insert.inserted[name] for name in VALUES})
    if dialect == "postgresql":
        statement = postgresql.insert(xcom)
        return statement.on_conflict_do_update(
            index_elements=KEY, set_={name: statement.excluded[name] for name in VALUES}
        )
    lite = sqlite.insert(xcom)
    return lite.on_conflict_do_update(index_elements=KEY, set_={name: lite.excluded[name] for name in VALUES})


def running_try(connection: sa.Connection, instance: int, token: int) -> Any | None:
    """Return (run, task_id, map_index) of a try that is still the newest, locked, or None when it was overtaken."""
    query = (
        sa.select(task_instance.c.run, task_instance.c.task_id, task_instance.c.map_index)
        .where(task_instance.c.id == instance, task_instance.c.token == token)
        .with_for_update(read=True)
    )
    return connection.execute(query).one_or_none()


def push(connection: sa.Connection, instance: int, token: int, value: Mapping[str, Any], pushed_at: datetime) -> bool:
    """Store one value of a running try; return False, and store nothing, when a newer token exists.

    Arguments:
        value: `key`, `value`, `storage`, `type`, `size`, `length` as the columns have them.
    """
    row = running_try(connection, instance, token)
    if row is None:
        return False
    upsert(
        connection,
        [{**value, "run": row.run, "task_id": row.task_id, "map_index": row.map_index, "pushed_at": pushed_at}],
    )
    return True


def clear(connection: sa.Connection, owners: Iterable[tuple[int, str, int]]) -> None:
    """Remove what earlier tries of (run, task_id, map_index) pushed: a new try starts with none."""
    for run, task_id, map_index in sorted(owners):
        connection.execute(
            sa.delete(xcom).where(xcom.c.run == run, xcom.c.task_id == task_id, xcom.c.map_index == map_index)
        )


def pull(
    connection: sa.Connection,
    *,
    run: int,
    task_ids: Sequence[str],
    key: str,
    map_indexes: Sequence[int] | None = None,
) -> Sequence[Any]:
    """Return (task_id, map_index, value, storage) of what tasks of one run pushed under a key, by task and map index."""
    query = (
        sa.select(xcom.c.task_id, xcom.c.map_index, xcom.c.value, xcom.c.storage)
        .where(xcom.c.run == run, xcom.c.task_id.in_(task_ids), xcom.c.key == key)
        .order_by(xcom.c.task_id, xcom.c.map_index)
    )
    if map_indexes is not None:
        query = query.where(xcom.c.map_index.in_(map_indexes))
    return connection.execute(query).all()


def run_of(connection: sa.Connection, dag_id: str, run_id: str) -> int | None:
    """Return the key of the run with these ids, for a pull from another run; None when there is none."""
    query = sa.select(dag_run.c.id).where(dag_run.c.dag_id == dag_id, dag_run.c.run_id == run_id)
    return connection.execute(query).scalar_one_or_none()

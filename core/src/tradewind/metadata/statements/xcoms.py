"""Statements on XComs: what tasks push for others to pull."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements import xcom_pushes
from tradewind.metadata.tables import dag_run, task_instance, xcom


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
    xcom_pushes.store(
        connection,
        [{**value, "run": row.run, "task_id": row.task_id, "map_index": row.map_index, "pushed_at": pushed_at}],
    )
    return True


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

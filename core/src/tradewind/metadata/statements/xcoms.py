"""Statements on XComs: what tasks push for others to pull, while they run and with their end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from tradewind_plugins.host import XCOM_RETURN_KEY

from tradewind.metadata.dialects import insert_or_change
from tradewind.metadata.tables import dag_run, task_instance, xcom

_x = xcom.c
KEY = ("run", "task_id", "map_index", "key")
VALUES = ("value", "storage", "type", "size", "length", "pushed_at")
_OWNER = (_x.run == sa.bindparam("of_run"), _x.task_id == sa.bindparam("task"), _x.map_index == sa.bindparam("index"))
_FORGET = xcom.delete().where(*_OWNER)
_FORGET_BEFORE = _FORGET.where(_x.pushed_at < sa.bindparam("before", type_=_x.pushed_at.type))
_LENGTH = sa.select(_x.length).where(
    _x.run == sa.bindparam("of_run"),
    _x.task_id == sa.bindparam("task"),
    _x.map_index == -1,
    _x.key == sa.bindparam("of_key"),
)
_COUNT = (
    sa.select(sa.func.count())
    .select_from(xcom)
    .where(
        _x.run == sa.bindparam("of_run"),
        _x.task_id == sa.bindparam("task"),
        _x.map_index >= 0,
        _x.key == sa.bindparam("of_key"),
    )
)


def forget(conn: sa.Connection, instances: Iterable[tuple[int, str, int]]) -> None:
    """Delete what (run, task id, map index) `instances` pushed."""
    rows = [{"of_run": run, "task": task, "index": index} for run, task, index in sorted(instances)]
    if rows:
        conn.execute(_FORGET, rows)


def forget_before(conn: sa.Connection, instances: Iterable[tuple[int, str, int, datetime]]) -> None:
    """Delete what (run, task id, map index) instances pushed before a moment: in earlier tries."""
    rows = [{"of_run": run, "task": task, "index": index, "before": at} for run, task, index, at in sorted(instances)]
    if rows:
        conn.execute(_FORGET_BEFORE, rows)


def store(conn: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store pushed values; the last one under a key counts."""
    last = {tuple(row[name] for name in KEY): row for row in rows}
    if last:
        conn.execute(insert_or_change(conn.dialect.name, xcom, KEY, VALUES), [last[key] for key in sorted(last)])


def length(conn: sa.Connection, run: int, task_id: str, key: str) -> int | None:
    """Return the length of the list or dict that an unmapped task pushed, None when it pushed none."""
    found: int | None = conn.execute(_LENGTH, {"of_run": run, "task": task_id, "of_key": key}).scalar_one_or_none()
    return found


def count(conn: sa.Connection, run: int, task_id: str, key: str) -> int:
    """Return how many instances of a mapped task pushed under `key`: the length of their values as one list."""
    pushed: int = conn.execute(_COUNT, {"of_run": run, "task": task_id, "of_key": key}).scalar_one()
    return pushed


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
    store(
        connection,
        [{**value, "run": row.run, "task_id": row.task_id, "map_index": row.map_index, "pushed_at": pushed_at}],
    )
    return True


def pull(
    connection: sa.Connection,
    *,
    run: int,
    task_ids: Sequence[str],
    key: str | None,
    map_indexes: Sequence[int] | None = None,
) -> Sequence[Any]:
    """Return (task_id, map_index, value, storage) of what tasks of one run pushed under a key, by task and map index.

    Under no key it is what each instance pushed last.
    """
    query = (
        sa.select(xcom.c.task_id, xcom.c.map_index, xcom.c.value, xcom.c.storage)
        .where(xcom.c.run == run, xcom.c.task_id.in_(task_ids))
        .order_by(xcom.c.task_id, xcom.c.map_index)
    )
    if key is None:
        later = xcom.alias()
        is_last = ~sa.exists().where(*_of_one_instance(later), _is_later(later))
        query = query.where(is_last)
    else:
        query = query.where(xcom.c.key == key)
    if map_indexes is not None:
        query = query.where(xcom.c.map_index.in_(map_indexes))
    return connection.execute(query).all()


def _of_one_instance(other: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    return [other.c[name] == xcom.c[name] for name in ("run", "task_id", "map_index")]


def _is_later(other: sa.FromClause) -> sa.ColumnElement[bool]:
    """Tell whether another XCom was pushed after one; what is pushed at one instant with a result is pushed before it."""
    is_result = other.c.key == XCOM_RETURN_KEY
    comes_after = sa.and_(xcom.c.key != XCOM_RETURN_KEY, sa.or_(is_result, other.c.key > xcom.c.key))
    return (other.c.pushed_at > xcom.c.pushed_at) | ((other.c.pushed_at == xcom.c.pushed_at) & comes_after)


def of_run(connection: sa.Connection, run: int) -> Sequence[Any]:
    """Return (task_id, map_index, key, value, storage) of all that the tasks of a run pushed, in the order of pushing."""
    columns = (xcom.c.task_id, xcom.c.map_index, xcom.c.key, xcom.c.value, xcom.c.storage)
    query = sa.select(*columns).where(xcom.c.run == run).order_by(xcom.c.pushed_at, xcom.c.task_id, xcom.c.map_index)
    return connection.execute(query).all()


def run_of(connection: sa.Connection, dag_id: str, run_id: str) -> int | None:
    """Return the key of the run with these ids, for a pull from another run; None when there is none."""
    query = sa.select(dag_run.c.id).where(dag_run.c.dag_id == dag_id, dag_run.c.run_id == run_id)
    return connection.execute(query).scalar_one_or_none()

"""The statements by which an end stores what its task pushed, in the transaction that records the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from tradewind.metadata.tables import xcom

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
        conn.execute(_upsert(conn.dialect.name), [last[key] for key in sorted(last)])


def _upsert(dialect: str) -> sa.Insert:
    if dialect == "postgresql":
        pg = postgresql.insert(xcom)
        return pg.on_conflict_do_update(index_elements=KEY, set_={name: pg.excluded[name] for name in VALUES})
    if dialect == "sqlite":
        lite = sqlite.insert(xcom)
        return lite.on_conflict_do_update(index_elements=KEY, set_={name: lite.excluded[name] for name in VALUES})
    maria = mysql.insert(xcom)
    return maria.on_duplicate_key_update({name: maria.inserted[name] for name in VALUES})


def length(conn: sa.Connection, run: int, task_id: str, key: str) -> int | None:
    """Return the length of the list or dict that an unmapped task pushed, None when it pushed none."""
    found: int | None = conn.execute(_LENGTH, {"of_run": run, "task": task_id, "of_key": key}).scalar_one_or_none()
    return found


def count(conn: sa.Connection, run: int, task_id: str, key: str) -> int:
    """Return how many instances of a mapped task pushed under `key`: the length of their values as one list."""
    pushed: int = conn.execute(_COUNT, {"of_run": run, "task": task_id, "of_key": key}).scalar_one()
    return pushed

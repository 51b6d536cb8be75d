"""The statements by which an end stores what its task pushed, in the transaction that records the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.tables import xcom

_x = xcom.c
_FORGET = xcom.delete().where(
    sa.tuple_(_x.run, _x.task_id, _x.map_index).in_(sa.bindparam("instances", expanding=True))
)
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
    """Delete what earlier tries of (run, task id, map index) `instances` pushed."""
    conn.execute(_FORGET, {"instances": sorted(instances)})


def store(conn: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert pushed values."""
    conn.execute(xcom.insert(), list(rows))


def length(conn: sa.Connection, run: int, task_id: str, key: str) -> int | None:
    """Return the length of the list or dict that an unmapped task pushed, None when it pushed none."""
    found: int | None = conn.execute(_LENGTH, {"of_run": run, "task": task_id, "of_key": key}).scalar_one_or_none()
    return found


def count(conn: sa.Connection, run: int, task_id: str, key: str) -> int:
    """Return how many instances of a mapped task pushed under `key`: the length of their values as one list."""
    pushed: int = conn.execute(_COUNT, {"of_run": run, "task": task_id, "of_key": key}).scalar_one()
    return pushed

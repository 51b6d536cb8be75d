"""Statements on holds: what somebody wants not to be admitted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from tradewind.metadata.tables import dag_run, hold

_hold = hold.c

IS_ANYTHING_HELD: Final = sa.exists(sa.select(_hold.id))


def is_held(instance: Any) -> sa.ColumnElement[bool]:
    """Return the condition that a hold is about an instance; where there is no hold at all, that is asked once.

    Arguments:
        instance: the columns of `task_instance`, or of an alias.
    """
    about = hold.alias("about")
    of_it = sa.and_(
        about.c.dag_id == instance.dag_id,
        sa.or_(about.c.run.is_(None), about.c.run == instance.run),
        sa.or_(about.c.task_id.is_(None), about.c.task_id == instance.task_id),
        sa.or_(about.c.map_index.is_(None), about.c.map_index == instance.map_index),
    )
    return sa.and_(IS_ANYTHING_HELD, sa.exists(sa.select(about.c.id).where(of_it)))


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold; None in `run_id`, `task_id` and `map_index` stands for all."""

    id: int
    dag_id: str
    run: int | None
    run_id: str | None
    task_id: str | None
    map_index: int | None
    reason: str | None
    held_at: datetime

    @property
    def what(self) -> str:
        """What is held, in words."""
        return in_words(self)


def in_words(hold: Any) -> str:
    """Return what is held in words, also of a hold that comes from a server."""
    task = hold.task_id if hold.map_index is None else f"{hold.task_id}[{hold.map_index}]"
    of_run = f"DAG {hold.dag_id!r}" if hold.run_id is None else f"run {hold.run_id!r} of DAG {hold.dag_id!r}"
    return of_run if task is None else f"task {task!r} of {of_run}"


_ALL = (
    sa.select(
        _hold.id,
        _hold.dag_id,
        _hold.run,
        dag_run.c.run_id,
        _hold.task_id,
        _hold.map_index,
        _hold.reason,
        _hold.held_at,
    )
    .join_from(hold, dag_run, dag_run.c.id == _hold.run, isouter=True)
    .order_by(_hold.dag_id, _hold.id)
)


def add(conn: sa.Connection, row: Mapping[str, Any]) -> None:
    """Insert a hold."""
    conn.execute(hold.insert(), dict(row))


def list_all(conn: sa.Connection, *, dag_id: str | None = None, dags: Collection[str] | None = None) -> list[Hold]:
    """Return holds, by DAG and age.

    Arguments:
        dag_id: of this DAG only.
        dags: of these DAGs only; None for all.
    """
    query = _ALL if dag_id is None else _ALL.where(_hold.dag_id == dag_id)
    if dags is not None:
        query = query.where(_hold.dag_id.in_(sorted(dags)))
    return [Hold(*row) for row in conn.execute(query)]


def about(
    conn: sa.Connection, *, dag_id: str, run: int | None, task_id: str | None, map_index: int | None
) -> list[Hold]:
    """Return the holds that are about an instance (or a task, run or DAG, where the rest is None)."""
    of_it = [
        each
        for each in list_all(conn, dag_id=dag_id)
        if each.run in {None, run} and each.task_id in {None, task_id} and each.map_index in {None, map_index}
    ]
    return sorted(of_it, key=lambda each: each.held_at)


def release(conn: sa.Connection, keys: Sequence[int]) -> None:
    """Delete holds."""
    conn.execute(hold.delete().where(_hold.id.in_(sorted(keys))))

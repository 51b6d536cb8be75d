"""Pages of runs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements.browsing.parts import ANY, Between, Slice, among, counted, ordered
from tradewind.metadata.tables import dag_run, dag_version, run_note, task_instance, task_try

_run = dag_run.c
_task = task_instance.c
FAILED = ("failed", "up_for_retry")
"""States of a task whose last try failed."""
TYPES = ("asset_triggered", "backfill", "manual", "scheduled")
ORDERS: dict[str, sa.ColumnElement[Any]] = {
    "id": _run.id,
    "dag_id": _run.dag_id,
    "dag_run_id": _run.run_id,
    "execution_date": _run.logical_date,
    "logical_date": _run.logical_date,
    "start_date": _run.started_at,
    "end_date": _run.ended_at,
    "state": _run.state,
    "run_type": _run.run_type,
}
changed_at = sa.func.coalesce(_run.ended_at, _run.started_at, _run.queued_at, type_=_run.queued_at.type)
_JOINED = dag_run.outerjoin(run_note, run_note.c.run == _run.id).outerjoin(
    dag_version, dag_version.c.id == _run.version_id
)
_ROWS = sa.select(dag_run, run_note.c.note, dag_version.c.number.label("version")).select_from(_JOINED)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are meant; what is None, or a range without bounds, leaves none out.

    Arguments:
        allowed: ids of the DAGs that whoever asks may see.
        changed: when a run took its present state.
    """

    dag_ids: Sequence[str] | None = None
    allowed: frozenset[str] | None = None
    states: Sequence[str] | None = None
    types: Sequence[str] | None = None
    logical: Between = ANY
    started: Between = ANY
    ended: Between = ANY
    changed: Between = ANY

    @property
    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """What a run must be."""
        return [
            *among(_run.dag_id, self.dag_ids),
            *among(_run.dag_id, self.allowed),
            *among(_run.state, self.states),
            *among(_run.run_type, self.types),
            *self.logical.conditions(_run.logical_date),
            *self.started.conditions(_run.started_at),
            *self.ended.conditions(_run.ended_at),
            *self.changed.conditions(changed_at),
        ]


def page(connection: sa.Connection, wanted: RunFilter, part: Slice) -> Sequence[Any]:
    """Return some runs with their notes: the columns of `dag_run`, `note`, and the number of their `version`."""
    query = ordered(_ROWS.where(*wanted.conditions), part, ORDERS, by="id", key=[_run.id])
    return connection.execute(query).all()


def count(connection: sa.Connection, wanted: RunFilter) -> int:
    """Return how many runs are meant, counted up to a limit, see `counted`."""
    return counted(connection, sa.select(_run.id).where(*wanted.conditions))


def get(connection: sa.Connection, dag_id: str, run_id: str) -> Any | None:
    """Return a run with its note."""
    return connection.execute(_ROWS.where(_run.dag_id == dag_id, _run.run_id == run_id)).one_or_none()


def by_key(connection: sa.Connection, run: int) -> Any | None:
    """Return a run with its note, by its key."""
    return connection.execute(_ROWS.where(_run.id == run)).one_or_none()


def keys(connection: sa.Connection, dag_id: str, run_ids: Collection[str]) -> dict[str, int]:
    """Return the keys of those of these runs that a DAG has, by their ids."""
    query = sa.select(_run.run_id, _run.id).where(_run.dag_id == dag_id, _run.run_id.in_(sorted(run_ids)))
    return {row.run_id: row.id for row in connection.execute(query)}


def task_states(connection: sa.Connection, run: int) -> dict[str, int]:
    """Return how many instances of a run are in which state."""
    column = task_instance.c.state
    query = sa.select(column, sa.func.count()).where(task_instance.c.run == run).group_by(column).order_by(column)
    return {row[0]: row[1] for row in connection.execute(query)}


def running(connection: sa.Connection, run: int, *, most: int) -> Sequence[Any]:
    """Return some tasks of a run that are running, the first ones in topological order: `task_id` and `map_index`."""
    query = sa.select(_task.task_id, _task.map_index).where(_task.run == run, _task.state == "running")
    return connection.execute(query.order_by(_task.rank, _task.task_id, _task.map_index).limit(most)).all()


def failures(connection: sa.Connection, runs: Collection[int], *, most: int) -> Sequence[Any]:
    """Return tasks of runs whose last try failed, run by run in topological order, at most `most`.

    Each has `run`, `task_id`, `map_index`, `state`, `try_number`, the dispatch's `token`, and its `cause`.
    """
    columns = (_task.run, _task.task_id, _task.map_index, _task.state, _task.try_number, _task.token)
    tries = task_try.alias()
    newest = sa.select(sa.func.max(tries.c.token)).where(tries.c.instance == _task.id).correlate(task_instance)
    last = (task_try.c.instance == _task.id) & (task_try.c.token == newest.scalar_subquery())
    query = (
        sa.select(*columns, task_try.c.cause)
        .select_from(task_instance.outerjoin(task_try, last))
        .where(_task.run.in_(sorted(runs)), _task.state.in_(FAILED))
    )
    return connection.execute(query.order_by(_task.run, _task.rank, _task.task_id, _task.map_index).limit(most)).all()


def logical_dates(connection: sa.Connection, runs: Collection[int]) -> dict[int, datetime]:
    """Return by key what runs are about: their logical dates, or where they have none, when they were queued."""
    date = sa.func.coalesce(_run.logical_date, _run.queued_at, type_=_run.queued_at.type)
    return {row[0]: row[1] for row in connection.execute(sa.select(_run.id, date).where(_run.id.in_(sorted(runs))))}


def between(
    connection: sa.Connection, dag_id: str, dates: Between, *, most: int, runs: Collection[int] | None = None
) -> Sequence[Any]:
    """Return the runs of a DAG with logical dates in a range, the newest first, at most `most`: the columns of `dag_run`.

    Arguments:
        runs: keys; only these.
    """
    query = sa.select(dag_run).where(_run.dag_id == dag_id, *dates.conditions(_run.logical_date))
    if runs is not None:
        query = query.where(_run.id.in_(sorted(runs)))
    return connection.execute(query.order_by(_run.logical_date.desc(), _run.id.desc()).limit(most)).all()


def stats(connection: sa.Connection, dag_ids: Sequence[str]) -> list[tuple[str, str, int]]:
    """Return the DAG, a state, and how many of its runs are in that."""
    query = (
        sa.select(_run.dag_id, _run.state, sa.func.count())
        .where(_run.dag_id.in_(sorted(dag_ids)))
        .group_by(_run.dag_id, _run.state)
        .order_by(_run.dag_id, _run.state)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]

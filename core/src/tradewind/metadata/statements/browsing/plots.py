"""What plots of a DAG are made of: days of a year by state, times of its last runs and of its tasks in them.

Each is one statement that the database sums up, over a bounded number of rows however many there are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.columns import MICROSECOND
from tradewind.metadata.tables import BigInt, dag_run, task_instance

MOST_COUNTED = 20_000
"""Runs that a calendar is made of at most, the last ones."""
MOST_RUNS = 400
"""Runs that a plot of times shows at most."""
MOST_INSTANCES = 50_000
"""Task instances that the times of tasks are made of at most, those of the last runs."""

_run = dag_run.c
_task = task_instance.c
_DAY = timedelta(days=1) // MICROSECOND
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class TaskTime:
    """How long a task took in some runs, in seconds."""

    task_id: str
    number: int
    mean: float
    longest: float


def days(connection: sa.Connection, dag_id: str, first: datetime, last: datetime) -> Sequence[tuple[int, str, int]]:
    """Return how many runs of a DAG each day had in which state: the day counted from 1970 in UTC, the state, the number.

    The day of a run is that of its logical date, or of when it was queued where it has none. Of more than `MOST_COUNTED` runs the
    last ones count.

    Arguments:
        first, last: the range, both in it.
    """
    of_dag = _run.dag_id == dag_id
    dated = _of_days(_run.logical_date, first, last).where(of_dag).order_by(_run.logical_date.desc())
    # Of those without a date an index gives the last by their keys, which grow with time
    undated = _of_days(_run.queued_at, first, last).where(of_dag, _run.logical_date.is_(None)).order_by(_run.id.desc())
    both = sa.union_all(*(sa.select(each.limit(MOST_COUNTED).subquery()) for each in (dated, undated))).subquery()
    query = (
        sa.select(both.c.day, both.c.state, sa.func.count())
        .group_by(both.c.day, both.c.state)
        .order_by(both.c.day, both.c.state)
    )
    return [(int(row[0]), row[1], row[2]) for row in connection.execute(query)]


def _of_days(moment: sa.ColumnElement[Any], first: datetime, last: datetime) -> sa.Select[Any]:
    day = sa.type_coerce(moment, BigInt) // sa.literal(_DAY, BigInt)
    query = sa.select(day.label("day"), _run.state)
    return query.where(moment >= first, moment <= last)


def years(connection: sa.Connection, dag_id: str) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last logical date of a DAG's runs, which an index gives."""
    dated = sa.select(_run.logical_date).where(_run.dag_id == dag_id, _run.logical_date.is_not(None)).limit(1)
    ends = (dated.order_by(_run.logical_date), dated.order_by(_run.logical_date.desc()))
    row = connection.execute(sa.select(*(each.scalar_subquery() for each in ends))).one()
    return row[0], row[1]


def last_runs(connection: sa.Connection, dag_id: str, *, most: int) -> Sequence[Any]:
    """Return the runs of a DAG with the latest logical dates, the oldest of them first, with the moments of each."""
    query = (
        sa.select(
            _run.id,
            _run.run_id,
            _run.run_type,
            _run.state,
            _run.logical_date,
            _run.data_interval_end,
            _run.queued_at,
            _run.started_at,
            _run.ended_at,
        )
        .where(_run.dag_id == dag_id)
        .order_by(_run.logical_date.desc(), _run.id.desc())
        .limit(most)
    )
    return connection.execute(query).all()[::-1]


def slowest_tasks(connection: sa.Connection, runs: Collection[int], *, most: int) -> Sequence[TaskTime]:
    """Return the tasks of runs that took longest, on average over their instances that have ended.

    Arguments:
        most: how many tasks at most.
    """
    if not runs:
        return []
    took = sa.type_coerce(_task.ended_at, BigInt) - sa.type_coerce(_task.started_at, BigInt)
    ended = (
        sa.select(_task.task_id, took.label("took"))
        .where(_task.run.in_(sorted(runs)), _task.started_at.is_not(None), _task.ended_at.is_not(None))
        .order_by(_task.run.desc())
        .limit(MOST_INSTANCES)
        .subquery()
    )
    mean = sa.func.avg(ended.c.took)
    query = (
        sa.select(ended.c.task_id, sa.func.count(), mean, sa.func.max(ended.c.took))
        .group_by(ended.c.task_id)
        .order_by(mean.desc(), ended.c.task_id)
        .limit(most)
    )
    return [
        TaskTime(row[0], row[1], float(row[2]) / _SECOND, float(row[3]) / _SECOND) for row in connection.execute(query)
    ]


def times_of_task(connection: sa.Connection, runs: Collection[int], task_id: str) -> Sequence[Any]:
    """Return for each of these runs when a task began and ended in it, the first instance of it and the last, and how many it has.

    Rows: `run`, `started_at`, `ended_at`, `number`, and the highest `try_number`.
    """
    if not runs:
        return []
    instant = _task.started_at.type
    query = (
        sa.select(
            _task.run,
            sa.func.min(_task.started_at, type_=instant).label("started_at"),
            sa.func.max(_task.ended_at, type_=instant).label("ended_at"),
            sa.func.count().label("number"),
            sa.func.max(_task.try_number).label("try_number"),
        )
        .where(_task.run.in_(sorted(runs)), _task.task_id == task_id)
        .group_by(_task.run)
    )
    return connection.execute(query).all()

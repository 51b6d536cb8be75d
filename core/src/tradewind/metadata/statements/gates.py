"""Statements on what waits for a DAG's previous run: the gates, the runs before theirs, and how tasks stood in those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.dialects import insert_or_keep
from tradewind.metadata.statements.states import of_open_run
from tradewind.metadata.tables import dag, dag_run, past_gate, task_instance

_gate = past_gate.c
_run = dag_run.c
_ti = task_instance.c
MOST_OF_TASK = 1000
Key = tuple[int, str, int]
"""Run, task id, and map index; -1 for all instances."""


@dataclass(frozen=True, slots=True)
class Before:
    """A run before another one of its DAG."""

    run: int
    logical_date: datetime


@dataclass(frozen=True, slots=True)
class Gate:
    """A task of a running run that waits for the past.

    Arguments:
        previous: the DAG's previous run by logical date.
        scheduled: the previous one that nobody triggered by hand.
    """

    run: int
    task_id: str
    map_index: int
    dag_id: str
    version_id: int
    logical_date: datetime | None
    previous: Before | None
    scheduled: Before | None


def _before(*, is_scheduled: bool) -> sa.ScalarSelect[Any]:
    earlier = dag_run.alias()
    more = [earlier.c.run_type != "manual"] if is_scheduled else []
    return (
        sa.select(earlier.c.id)
        .where(earlier.c.dag_id == _run.dag_id, earlier.c.logical_date < _run.logical_date, *more)
        .order_by(earlier.c.logical_date.desc(), earlier.c.id.desc())
        .limit(1)
        .correlate(dag_run)
        .scalar_subquery()
    )


# In a subquery, as MariaDB knows no outer column in the condition of a join
_asked = (
    sa.select(
        _gate.run,
        _gate.task_id,
        _gate.map_index,
        _run.dag_id,
        _run.version_id,
        _run.logical_date,
        _before(is_scheduled=False).label("previous"),
        _before(is_scheduled=True).label("scheduled"),
    )
    .join_from(past_gate, dag_run, _run.id == _gate.run)
    .outerjoin(dag, dag.c.dag_id == _run.dag_id)
    .where(of_open_run(_run.state, "running"), dag.c.quarantine.is_(None))
    .subquery("asked")
)
_previous, _scheduled = dag_run.alias("previous"), dag_run.alias("previous_scheduled")
_GATES = (
    sa.select(*list(_asked.c)[:6], _previous.c.id, _previous.c.logical_date, _scheduled.c.id, _scheduled.c.logical_date)
    .join_from(_asked, _previous, _previous.c.id == _asked.c.previous, isouter=True)
    .outerjoin(_scheduled, _scheduled.c.id == _asked.c.scheduled)
    .order_by(_asked.c.run, _asked.c.task_id, _asked.c.map_index)
    .limit(sa.bindparam("most"))
)
_GATES_AFTER = _GATES.where(
    sa.or_(
        _asked.c.run > sa.bindparam("after_run"),
        sa.and_(_asked.c.run == sa.bindparam("after_run"), _asked.c.task_id > sa.bindparam("after_task")),
        sa.and_(
            _asked.c.run == sa.bindparam("after_run"),
            _asked.c.task_id == sa.bindparam("after_task"),
            _asked.c.map_index > sa.bindparam("after_index"),
        ),
    )
)
_STATES = (
    sa.select(_ti.run, _ti.task_id, _ti.state, sa.func.count())
    .where(
        _ti.run.in_(sa.bindparam("runs", expanding=True)),
        _ti.task_id.in_(sa.bindparam("tasks", expanding=True)),
        _ti.state != "removed",  # as if it had never been
    )
    .group_by(_ti.run, _ti.task_id, _ti.state)
)
_EARLIER = (
    sa.select(_run.dag_id, _ti.task_id, sa.func.min(_run.logical_date, type_=_run.logical_date.type))
    # Outer, so that SQLite begins with the runs; who has none is left out below
    .join_from(
        dag_run,
        task_instance,
        sa.and_(_ti.run == _run.id, _ti.task_id.in_(sa.bindparam("tasks", expanding=True)), _ti.state != "removed"),
        isouter=True,
    )
    .where(_run.dag_id.in_(sa.bindparam("dags", expanding=True)))
    .group_by(_run.dag_id, _ti.task_id)
)
_TAKE = past_gate.delete().where(
    _gate.run == sa.bindparam("of_run"),
    _gate.task_id == sa.bindparam("of_task"),
    _gate.map_index == sa.bindparam("of_index"),
)
_DROP = past_gate.delete().where(_gate.run == sa.bindparam("of_run"))


def add(conn: sa.Connection, keys: Iterable[Key]) -> None:
    """Let tasks wait for the past."""
    rows = [dict(zip(("run", "task_id", "map_index"), key, strict=True)) for key in sorted(set(keys))]
    if rows:
        conn.execute(insert_or_keep(conn.dialect.name, past_gate), rows)


def first(conn: sa.Connection, *, after: Key | None, most: int) -> list[Gate]:
    """Return gates of running runs behind the key `after`, unlocked, and the runs before theirs; not of DAGs in quarantine."""
    if after is None:
        rows = conn.execute(_GATES, {"most": most})
    else:
        wanted = dict(zip(("after_run", "after_task", "after_index"), after, strict=True))
        rows = conn.execute(_GATES_AFTER, {**wanted, "most": most})
    return [Gate(*row[:6], _run_before(*row[6:8]), _run_before(*row[8:10])) for row in rows]


def of_task(conn: sa.Connection, run: int, task_id: str) -> list[Gate]:
    """Return the gates of a task in a running run."""
    query = _GATES.where(_asked.c.run == run, _asked.c.task_id == task_id)
    rows = conn.execute(query, {"most": MOST_OF_TASK})
    return [Gate(*row[:6], _run_before(*row[6:8]), _run_before(*row[8:10])) for row in rows]


def _run_before(run: int | None, logical_date: datetime | None) -> Before | None:
    return None if run is None or logical_date is None else Before(run, logical_date)


def states(conn: sa.Connection, runs: Iterable[int], tasks: Iterable[str]) -> dict[tuple[int, str], Mapping[str, int]]:
    """Return how many instances of tasks were in which state, by run and task; a task that a run has not is left out."""
    found: dict[tuple[int, str], dict[str, int]] = {}
    for run, task_id, state, count in conn.execute(_STATES, {"runs": sorted(runs), "tasks": sorted(tasks)}):
        found.setdefault((run, task_id), {})[state] = count
    return dict(found)


def first_dates(conn: sa.Connection, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], datetime]:
    """Return the earliest logical date at which each (DAG, task) had an instance."""
    asked = {"dags": sorted({dag for dag, _ in wanted}), "tasks": sorted({task for _, task in wanted})}
    return {(row[0], row[1]): row[2] for row in conn.execute(_EARLIER, asked) if row[2] is not None}


def take(conn: sa.Connection, key: Key) -> bool:
    """Delete a gate and tell whether it was still there: whoever deletes it lets its task on."""
    values = dict(zip(("of_run", "of_task", "of_index"), key, strict=True))
    return conn.execute(_TAKE, values).rowcount == 1


def drop(conn: sa.Connection, run: int) -> None:
    """Delete a run's gates, when all that is undecided in it is decided anew."""
    conn.execute(_DROP, {"of_run": run})

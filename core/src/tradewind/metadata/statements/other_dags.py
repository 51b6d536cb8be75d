"""Statements by which a task makes runs of other DAGs, and looks at how those stand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from tradewind.metadata.dialects import insert_or_change
from tradewind.metadata.statements.runs import Run
from tradewind.metadata.tables import dag_run, run_parent, task_instance

_run = dag_run.c
_ti = task_instance.c
_parent = run_parent.c


@dataclass(frozen=True, slots=True)
class Named:
    """A run found by its name: how it stands, and which dispatch of which task instance made it, if one did."""

    run: int
    version_id: int
    state: str
    logical_date: datetime | None
    instance: int | None
    token: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How many instances of a task are in a state, in the newest run of a logical date.

    Without a task it is the run's own state that is told; `state` is None where the run has no such task.
    """

    logical_date: datetime
    run_state: str
    task_id: str | None = None
    state: str | None = None
    count: int = 0


class RunMoment(NamedTuple):
    """What a run is about."""

    dag_id: str
    run_id: str
    run_type: str
    logical_date: datetime | None
    data_interval_start: datetime | None
    data_interval_end: datetime | None
    conf: dict[str, Any]


_FIND = (
    sa.select(_run.id, _run.version_id, _run.state, _run.logical_date, _parent.instance, _parent.token)
    .join_from(dag_run, run_parent, _parent.run == _run.id, isouter=True)
    .where(_run.dag_id == sa.bindparam("of_dag"), _run.run_id == sa.bindparam("name"))
)
# Ids rise with time: of several runs of one logical date the newest counts
_NEWEST = (
    sa.select(sa.func.max(_run.id).label("id"))
    .where(_run.dag_id == sa.bindparam("of_dag"), _run.logical_date.in_(sa.bindparam("dates", expanding=True)))
    .group_by(_run.logical_date)
    .subquery("newest")
)
_NEWEST_OF = (
    sa.select(_run.id, _run.dag_id, _run.run_id, _run.version_id, _run.state, _run.run_type)
    .where(
        _run.dag_id == sa.bindparam("of_dag"), _run.logical_date == sa.bindparam("date", type_=_run.logical_date.type)
    )
    .order_by(_run.id.desc())
    .limit(1)
)
_MOMENT_OF = sa.select(
    _run.dag_id,
    _run.run_id,
    _run.run_type,
    _run.logical_date,
    _run.data_interval_start,
    _run.data_interval_end,
    _run.conf,
).where(_run.id == sa.bindparam("key"))
_RUNS = (
    sa.select(_run.logical_date, _run.state)
    .join_from(_NEWEST, dag_run, _run.id == _NEWEST.c.id)
    .order_by(_run.logical_date)
)
_TASKS = (
    sa.select(_run.logical_date, _run.state, _ti.task_id, _ti.state, sa.func.count(_ti.id))
    .join_from(_NEWEST, dag_run, _run.id == _NEWEST.c.id)
    .join(
        task_instance,
        sa.and_(_ti.run == _run.id, _ti.task_id.in_(sa.bindparam("tasks", expanding=True))),
        isouter=True,
    )
    .group_by(_run.logical_date, _run.state, _ti.task_id, _ti.state)
    .order_by(_run.logical_date, _ti.task_id, _ti.state)
)


_LAST_SUCCESS = (
    sa.select(
        _run.run_id,
        _run.logical_date,
        _run.data_interval_start,
        _run.data_interval_end,
        _run.started_at.label("start_date"),
        _run.ended_at.label("end_date"),
    )
    .where(
        _run.dag_id == sa.bindparam("of_dag"),
        _run.logical_date < sa.bindparam("before", type_=_run.logical_date.type),
        _run.state == "success",
    )
    .order_by(_run.logical_date.desc(), _run.id.desc())
    .limit(1)
)


def last_success(conn: sa.Connection, dag_id: str, before: datetime) -> dict[str, Any] | None:
    """Return the last successful run of a DAG with an earlier logical date."""
    row = conn.execute(_LAST_SUCCESS, {"of_dag": dag_id, "before": before}).mappings().first()
    return None if row is None else dict(row)


def newest(conn: sa.Connection, dag_id: str, logical_date: datetime) -> Run | None:
    """Return the newest run of a DAG that is about this moment."""
    row = conn.execute(_NEWEST_OF, {"of_dag": dag_id, "date": logical_date}).first()
    return Run(*row) if row else None


def moment_of(conn: sa.Connection, run: int) -> RunMoment | None:
    """Return what a run is about."""
    row = conn.execute(_MOMENT_OF, {"key": run}).first()
    return RunMoment(*row[:-1], json.loads(row[-1])) if row else None


def find(conn: sa.Connection, dag_id: str, run_id: str) -> Named | None:
    """Return the run of that name."""
    row = conn.execute(_FIND, {"of_dag": dag_id, "name": run_id}).first()
    return Named(*row) if row else None


def note_parent(conn: sa.Connection, run: int, instance: int, token: int) -> None:
    """Write which dispatch of which task instance made a run, or was the last to reset it."""
    statement = insert_or_change(conn.dialect.name, run_parent, ("run",), ("instance", "token"))
    conn.execute(statement, {"run": run, "instance": instance, "token": token})


def standings(
    conn: sa.Connection, dag_id: str, dates: Sequence[datetime], task_ids: Sequence[str] | None
) -> list[Standing]:
    """Tell by one statement how the newest runs of these logical dates stand, or instances of tasks in them."""
    wanted = {"of_dag": dag_id, "dates": list(dates)}
    if task_ids is None:
        return [Standing(*row) for row in conn.execute(_RUNS, wanted)]
    return [Standing(*row) for row in conn.execute(_TASKS, {**wanted, "tasks": sorted(task_ids)})]

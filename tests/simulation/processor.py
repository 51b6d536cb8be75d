"""What the DAG processor writes of a version: its row, its DAG's row, and what follows from its contents."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from simulation.scenario import SimDag
from tradewind.metadata import tables
from tradewind.metadata.statements import assets, parsing, watchers
from tradewind.transitions import calendar
from tradewind.transitions.graph import is_limited


def store(conn: sa.Connection, dag: SimDag, version: int, *, now: datetime, is_new: bool) -> None:
    """Store a version as its DAG's current one.

    Arguments:
        is_new: whether the DAG was not there before.
    """
    if is_new:
        conn.execute(tables.dag.insert(), _dag_row(dag, version, now))
        _refer(conn, dag)
        _limit(conn, dag)
    else:
        conn.execute(tables.dag.update().where(tables.dag.c.dag_id == dag.dag_id).values(version_id=version))
    of_version = {
        "id": version,
        "dag_id": dag.dag_id,
        "number": version,
        "structure_hash": "",
        "source_hash": "",
        "bundle": "b",
        "path": "p.py",
        "serialized": json.dumps(version),
        "created_at": now,
    }
    conn.execute(tables.dag_version.insert(), of_version)
    if dag.watchers:
        _watch(conn, dag, version)


def _refer(conn: sa.Connection, dag: SimDag) -> None:
    """Write which assets a DAG is scheduled on."""
    if dag.timetable.asset_condition is not None:
        specs = [leaf.to_spec() for leaf in dag.timetable.asset_condition.leaves()]
        assets.put(conn, specs)
        keys = sorted(assets.key_of_spec(spec) for spec in specs)
        rows = [{"asset": key, "role": "schedule", "dag_id": dag.dag_id, "task_id": ""} for key in keys]
        assets.refer(conn, [dag.dag_id], rows)


def _watch(conn: sa.Connection, dag: SimDag, version: int) -> None:
    """Write the watchers of a DAG, in place of those of its last version."""
    kwargs = json.dumps({"version": version})
    names = ("dag_id", "uri", "name", "classpath", "kwargs")
    rows = [(dag.dag_id, uri, name, "m.Watcher", kwargs) for uri, name in dag.watchers]
    watchers.put(conn, [dag.dag_id], [dict(zip(names, row, strict=True)) for row in rows])


def _limit(conn: sa.Connection, dag: SimDag) -> None:
    """Write the limits of a DAG's tasks."""
    rows = [
        {
            "dag_id": dag.dag_id,
            "task_id": task.task_id,
            "per_dag": task.max_active_tis_per_dag,
            "per_run": task.max_active_tis_per_dagrun,
        }
        for task in dag.tasks.values()
        if is_limited(task)
    ]
    parsing.put_task_limits(conn, [dag.dag_id], rows)


def _dag_row(dag: SimDag, version: int, now: datetime) -> dict[str, Any]:
    return {
        "dag_id": dag.dag_id,
        "bundle": "b",
        "path": "p.py",
        "version_id": version,
        "is_paused": False,
        "is_active": True,
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
        **calendar.to_columns(calendar.next_run(dag, after=None, now=now)),
    }

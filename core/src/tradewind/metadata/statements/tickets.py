"""Statements that a worker needs beside its claims: what a ticket's run and version are, and which tries are its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements import callbacks
from tradewind.metadata.tables import Instant, dag_run, dag_version, task_instance, task_try


def read_runs(connection: sa.Connection, runs: Sequence[int]) -> Sequence[Any]:
    """Return what a task's context says of these runs: ids, type, dates, conf and times."""
    query = sa.select(
        dag_run.c.id,
        dag_run.c.dag_id,
        dag_run.c.run_id,
        dag_run.c.run_type,
        dag_run.c.logical_date,
        dag_run.c.data_interval_start,
        dag_run.c.data_interval_end,
        dag_run.c.conf,
        dag_run.c.started_at,
        dag_run.c.triggered_by,
    ).where(dag_run.c.id.in_(runs))
    return connection.execute(query).all()


def read_versions(connection: sa.Connection, versions: Sequence[int]) -> Sequence[Any]:
    """Return (id, dag_id, source_hash, path) of these versions: where their code is."""
    query = sa.select(dag_version.c.id, dag_version.c.dag_id, dag_version.c.source_hash, dag_version.c.path)
    return connection.execute(query.where(dag_version.c.id.in_(versions))).all()


def tries_of_worker(connection: sa.Connection, worker: str) -> set[tuple[int, int]]:
    """Return (instance, token) of what runs on this worker, by the database: a local try outside it was overtaken."""
    query = sa.select(task_instance.c.id, task_instance.c.token).where(
        task_instance.c.worker == worker, task_instance.c.state == "running"
    )
    return {(row.id, row.token) for row in connection.execute(query)}


def held_by(connection: sa.Connection, worker: str, now: datetime) -> tuple[set[tuple[int, int]], bool]:
    """Return what `tries_of_worker` does, and where that is something, whether a callback may be due."""
    query = sa.select(task_instance.c.id, task_instance.c.token, callbacks.IS_DUE.label("is_callback_due")).where(
        task_instance.c.worker == worker, task_instance.c.state == "running"
    )
    rows = connection.execute(query, {"now": now}).all()
    return {(row.id, row.token) for row in rows}, any(row.is_callback_due for row in rows)


_TICKETS = sa.select(
    task_instance.c.id.label("instance"),
    task_instance.c.token,
    task_instance.c.try_number,
    task_instance.c.max_tries,
    task_instance.c.run,
    task_instance.c.dag_id,
    dag_run.c.run_id,
    task_instance.c.task_id,
    task_instance.c.map_index,
    dag_run.c.version_id,
    task_instance.c.executor,
    task_instance.c.queue,
).join_from(task_instance, dag_run, dag_run.c.id == task_instance.c.run)


def ticket_of(connection: sa.Connection, instance: int, token: int) -> Any | None:
    """Return what a `Ticket` holds for a running try, or None when that dispatch is not running (any more)."""
    query = _TICKETS.where(
        task_instance.c.id == instance, task_instance.c.token == token, task_instance.c.state == "running"
    )
    return connection.execute(query).one_or_none()


def tickets_of_worker(connection: sa.Connection, worker: str, instances: Collection[int]) -> Sequence[Any]:
    """Return what `Ticket`s hold for those of these instances that run on a worker."""
    query = _TICKETS.where(
        task_instance.c.id.in_(instances), task_instance.c.worker == worker, task_instance.c.state == "running"
    )
    return connection.execute(query).all()


def holders(connection: sa.Connection, instances: Collection[int]) -> Mapping[int, Any]:
    """Return (id, token, state, worker) of instances, by id: which dispatch is the newest, and whose it is."""
    query = sa.select(task_instance.c.id, task_instance.c.token, task_instance.c.state, task_instance.c.worker)
    return {row.id: row for row in connection.execute(query.where(task_instance.c.id.in_(instances)))}


def first_start_of_try(connection: sa.Connection, instance: int, try_number: int) -> datetime | None:
    """Return when a try that was rescheduled first looked, None when it was not."""
    query = sa.select(sa.func.min(task_try.c.started_at, type_=Instant)).where(
        task_try.c.instance == instance, task_try.c.try_number == try_number, task_try.c.state == "up_for_reschedule"
    )
    found: datetime | None = connection.execute(query).scalar_one()
    return found


def read_run_state(connection: sa.Connection, run: int) -> str:
    """Return the state of a run."""
    found: str = connection.execute(sa.select(dag_run.c.state).where(dag_run.c.id == run)).scalar_one()
    return found


def next_due(connection: sa.Connection, run: int) -> Any | None:
    """Return (state, due_at) of what becomes due next in a run, None when nothing does."""
    query = (
        sa.select(task_instance.c.state, task_instance.c.due_at)
        .where(task_instance.c.run == run, task_instance.c.due_at.is_not(None))
        .order_by(task_instance.c.due_at, task_instance.c.id)
        .limit(1)
    )
    return connection.execute(query).one_or_none()


def read_ends(connection: sa.Connection, run: int) -> Sequence[Any]:
    """Return (task_id, map_index, state, cause of the newest try) of a run's instances, in topological order."""
    newest = task_try.c.token == task_instance.c.token
    query = (
        sa.select(task_instance.c.task_id, task_instance.c.map_index, task_instance.c.state, task_try.c.cause)
        .join_from(task_instance, task_try, (task_try.c.instance == task_instance.c.id) & newest, isouter=True)
        .where(task_instance.c.run == run)
        .order_by(task_instance.c.rank, task_instance.c.map_index)
    )
    return connection.execute(query).all()

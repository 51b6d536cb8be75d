"""What people are shown: DAGs, runs, task instances and import errors, for CLI and web. Reads only, each bounded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.tables import (
    daemon,
    dag,
    dag_file,
    dag_run,
    dag_version,
    instance_label,
    run_note,
    task_instance,
    task_try,
)

_NAMES_AT_ONCE = 1000
_RUNS = sa.select(dag_run, dag_version.c.number, run_note.c.note).select_from(
    dag_run.outerjoin(dag_version, dag_version.c.id == dag_run.c.version_id).outerjoin(
        run_note, run_note.c.run == dag_run.c.id
    )
)


@dataclass(frozen=True, slots=True)
class DagRow:
    """A DAG as lists show it."""

    dag_id: str
    description: str | None
    owners: str
    tags: tuple[str, ...]
    schedule: str | None
    path: str
    is_paused: bool
    is_active: bool
    version_id: int
    next_run_at: datetime | None
    quarantine: str | None


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as lists show it. `id` is the database's key, `run_id` the name that people use."""

    id: int
    dag_id: str
    run_id: str
    run_type: str
    state: str
    version_id: int
    version: int
    logical_date: datetime | None
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    conf: dict[str, Any]
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task instance as lists show it, with the cause of its last try when that did not succeed."""

    id: int
    task_id: str
    map_index: int
    state: str
    try_number: int
    token: int
    max_tries: int
    pool: str
    queue: str
    executor: str
    started_at: datetime | None
    ended_at: datetime | None
    due_at: datetime | None
    cause: str | None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class DispatchRow:
    """One dispatch of one try of a task instance."""

    token: int
    try_number: int


@dataclass(frozen=True, slots=True)
class ImportErrorRow:
    """A DAG file that could not be imported."""

    path: str
    line: int | None
    error: str
    trace: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class DaemonRow:
    """A daemon's lease."""

    id: str
    kind: str
    host: str
    pid: int
    renewed_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        """Tell whether its lease is valid."""
        return self.ended_at is None and self.expires_at > now


def list_dags(connection: sa.Connection, *, dag_id: str | None = None, include_inactive: bool = False) -> list[DagRow]:
    """Return DAGs by id; those whose file is gone only when asked for."""
    query = sa.select(dag).order_by(dag.c.dag_id)
    if dag_id is not None:
        query = query.where(dag.c.dag_id == dag_id)
    if not include_inactive:
        query = query.where(dag.c.is_active)
    return [
        DagRow(
            dag_id=row.dag_id,
            description=row.description,
            owners=row.owners,
            tags=tuple(json.loads(row.tags)),
            schedule=row.schedule,
            path=row.path,
            is_paused=row.is_paused,
            is_active=row.is_active,
            version_id=row.version_id,
            next_run_at=row.due_at,
            quarantine=row.quarantine,
        )
        for row in connection.execute(query)
    ]


def list_runs(
    connection: sa.Connection,
    *,
    key: int | None = None,
    dag_id: str | None = None,
    run_id: str | None = None,
    state: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    without_type: str | None = None,
    limit: int | None = 100,
) -> list[RunRow]:
    """Return the newest runs first, `limit` at most (None: all).

    Arguments:
        key: that of one run in `dag_run.id`.
        without_type: a type of runs that are left out.
        since, until: the first and the last logical date, both included.
    """
    query = _RUNS.order_by(dag_run.c.id.desc()).limit(limit)
    for column, wanted in (
        (dag_run.c.id, key),
        (dag_run.c.dag_id, dag_id),
        (dag_run.c.run_id, run_id),
        (dag_run.c.state, state),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if without_type is not None:
        query = query.where(dag_run.c.run_type != without_type)
    if since is not None:
        query = query.where(dag_run.c.logical_date >= since)
    if until is not None:
        query = query.where(dag_run.c.logical_date <= until)
    return [_run_row(row) for row in connection.execute(query)]


def named_runs(connection: sa.Connection, dag_id: str, run_ids: Sequence[str]) -> list[RunRow]:
    """Return runs of a DAG by their names, the newest first, with a statement for each 1,000."""
    found: list[RunRow] = []
    for start in range(0, len(run_ids), _NAMES_AT_ONCE):
        names = run_ids[start : start + _NAMES_AT_ONCE]
        query = _RUNS.where(dag_run.c.dag_id == dag_id, dag_run.c.run_id.in_(names))
        found += [_run_row(row) for row in connection.execute(query)]
    return sorted(found, key=lambda each: -each.id)


def _run_row(row: Any) -> RunRow:
    return RunRow(
        id=row.id,
        dag_id=row.dag_id,
        run_id=row.run_id,
        run_type=row.run_type,
        state=row.state,
        version_id=row.version_id,
        version=row.number,
        logical_date=row.logical_date,
        queued_at=row.queued_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        conf=json.loads(row.conf),
        data_interval_start=row.data_interval_start,
        data_interval_end=row.data_interval_end,
        note=row.note,
    )


def run_counts(connection: sa.Connection) -> dict[str, dict[str, int]]:
    """Return for each DAG how many of its runs are in each state."""
    counts: dict[str, dict[str, int]] = {}
    query = (
        sa.select(dag_run.c.dag_id, dag_run.c.state, sa.func.count().label("runs"))
        .group_by(dag_run.c.dag_id, dag_run.c.state)
        .order_by(dag_run.c.dag_id, dag_run.c.state)
    )
    for row in connection.execute(query):
        counts.setdefault(row.dag_id, {})[row.state] = row.runs
    return counts


def list_tasks(connection: sa.Connection, run: int) -> list[TaskRow]:
    """Return the task instances of a run in topological order; `run` is the key in `dag_run.id`."""
    instance, attempt = task_instance.c, task_try.c
    tries = task_try.alias()
    newest = sa.select(sa.func.max(tries.c.token)).where(tries.c.instance == instance.id)
    last = newest.correlate(task_instance).scalar_subquery()
    query = (
        sa.select(task_instance, attempt.cause, instance_label.c.label)
        .select_from(
            task_instance.outerjoin(task_try, (attempt.instance == instance.id) & (attempt.token == last)).outerjoin(
                instance_label, instance_label.c.instance == instance.id
            )
        )
        .where(instance.run == run)
        .order_by(instance.rank, instance.task_id, instance.map_index)
    )
    return [
        TaskRow(
            id=row.id,
            task_id=row.task_id,
            map_index=row.map_index,
            state=row.state,
            try_number=row.try_number,
            token=row.token,
            max_tries=row.max_tries,
            pool=row.pool,
            queue=row.queue,
            executor=row.executor,
            started_at=row.started_at,
            ended_at=row.ended_at,
            due_at=row.due_at,
            cause=row.cause,
            label=row.label,
        )
        for row in connection.execute(query)
    ]


def list_dispatches(connection: sa.Connection, task: TaskRow) -> list[DispatchRow]:
    """Return the dispatches that a task instance may have had, the oldest first.

    Those that ended have a row, and the current one is the instance's. One that was overtaken while it ran has none: it
    stands here once for each number that its try may have had, between those before and after it.
    """
    query = sa.select(task_try.c.token, task_try.c.try_number).where(task_try.c.instance == task.id)
    found = {row.token: row.try_number for row in connection.execute(query)}
    found.setdefault(task.token, task.try_number)
    rows: list[DispatchRow] = []
    unknown, before = 1, 1
    for token, number in sorted(found.items()):
        numbers = range(max(before, 1), number + 2)  # a start that was taken back has lowered the number again
        rows += [DispatchRow(overtaken, each) for overtaken in range(unknown, token) for each in numbers]
        rows.append(DispatchRow(token, number))
        unknown, before = token + 1, number
    return rows


def last_scheduled_interval_end(connection: sa.Connection, dag_id: str) -> datetime | None:
    """Return the end of the data interval of a DAG's last scheduled run, None if there was none."""
    latest: datetime | None = connection.execute(
        sa.select(dag_run.c.data_interval_end)
        .where(dag_run.c.dag_id == dag_id, dag_run.c.run_type == "scheduled")
        .order_by(dag_run.c.logical_date.desc())
        .limit(1)
    ).scalar_one_or_none()
    return latest


def list_import_errors(connection: sa.Connection) -> list[ImportErrorRow]:
    """Return the files whose last import failed, by path."""
    query = sa.select(dag_file).where(dag_file.c.error.is_not(None), dag_file.c.is_present).order_by(dag_file.c.path)
    return [
        ImportErrorRow(row.path, row.error_line, row.error, row.error_trace, row.parsed_at)
        for row in connection.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class FileRow:
    """A DAG file, how its last import went, and the ids of the DAGs that it defines."""

    path: str
    bundle: str
    parsed_at: datetime | None
    seconds: float | None
    error: str | None
    warnings: tuple[str, ...]
    dags: tuple[str, ...]


def list_files(connection: sa.Connection) -> list[FileRow]:
    """Return the DAG files that are there, the slowest to import first."""
    defined: dict[tuple[str, str], list[str]] = {}
    query = sa.select(dag.c.bundle, dag.c.path, dag.c.dag_id).where(dag.c.is_active).order_by(dag.c.dag_id)
    for row in connection.execute(query):
        defined.setdefault((row.bundle, row.path), []).append(row.dag_id)
    found = connection.execute(
        sa.select(dag_file).where(dag_file.c.is_present).order_by(dag_file.c.parse_seconds.desc(), dag_file.c.path)
    )
    return [
        FileRow(
            path=row.path,
            bundle=row.bundle,
            parsed_at=row.parsed_at,
            seconds=row.parse_seconds,
            error=row.error,
            warnings=tuple(json.loads(row.warnings)),
            dags=tuple(defined.get((row.bundle, row.path), ())),
        )
        for row in found
    ]


def latest_daemons(connection: sa.Connection) -> dict[str, DaemonRow]:
    """Return for each kind of daemon the one whose lease was renewed last."""
    newest = sa.select(daemon.c.kind, sa.func.max(daemon.c.renewed_at).label("at")).group_by(daemon.c.kind).subquery()
    joined = daemon.join(newest, (newest.c.kind == daemon.c.kind) & (newest.c["at"] == daemon.c.renewed_at))
    rows = connection.execute(sa.select(daemon).select_from(joined).order_by(daemon.c.kind, daemon.c.id))
    return {
        row.kind: DaemonRow(row.id, row.kind, row.host, row.pid, row.renewed_at, row.expires_at, row.ended_at)
        for row in rows
    }

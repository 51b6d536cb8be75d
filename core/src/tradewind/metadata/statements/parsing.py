"""Statements of the DAG processor: what it knows of files and DAGs, and what it writes, each kind in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.dialects import insert_or_change, insert_or_lock
from tradewind.metadata.hot import HotRows
from tradewind.metadata.statements.roles import MARK
from tradewind.metadata.tables import (
    asset_reference,
    bundle,
    dag,
    dag_file,
    dag_listing,
    dag_run,
    dag_version,
    source_blob,
    task_limit,
)

_IDS_PER_QUERY = 10_000
_VERSION_ROWS = HotRows(dag_version)
_DAG_ROWS = HotRows(dag)

# In a subquery, so that the lock is on the DAGs alone, on MariaDB too
_CURRENT = sa.select(
    dag_version.c.id,
    dag_version.c.number,
    dag_version.c.structure_hash,
    dag_version.c.source_hash,
    dag_version.c.serialized.contains(MARK, autoescape=True).label("has_access"),
).subquery("current_version")
_RUNS = dag_run.alias()
_LAST = (
    sa.select(sa.func.max(dag_run.c.data_interval_end))
    .where(dag_run.c.dag_id == dag.c.dag_id, dag_run.c.run_type == "scheduled")
    .scalar_subquery()
)
_LAST_INTERVAL = (
    sa.select(dag_run.c.data_interval_start, dag_run.c.data_interval_end)
    .where(dag_run.c.dag_id == sa.bindparam("of_dag"), dag_run.c.run_type == "scheduled")
    .order_by(dag_run.c.data_interval_end.desc())
    .limit(1)
)
_LOCK_DAGS = (
    sa.select(
        dag.c.dag_id,
        dag.c.bundle,
        dag.c.path,
        dag.c.is_active,
        dag.c.version_id,
        dag.c.schedule,
        _CURRENT.c.number,
        _CURRENT.c.structure_hash,
        _CURRENT.c.source_hash,
        sa.exists().where(_RUNS.c.dag_id == dag.c.dag_id, _RUNS.c.version_id == dag.c.version_id).label("is_used"),
        _LAST.label("last_interval_end"),
        sa.exists().where(asset_reference.c.dag_id == dag.c.dag_id).label("names_assets"),
        sa.exists().where(task_limit.c.dag_id == dag.c.dag_id).label("has_limits"),
        _CURRENT.c.has_access,
    )
    .join(_CURRENT, _CURRENT.c.id == dag.c.version_id)
    .where(
        sa.or_(
            dag.c.dag_id.in_(sa.bindparam("dag_ids", expanding=True)),
            sa.and_(dag.c.bundle == sa.bindparam("of_bundle"), dag.c.path == sa.bindparam("of_path")),
        )
    )
    .order_by(dag.c.dag_id)
    .with_for_update(of=dag)
)


@dataclass(frozen=True, slots=True)
class FileRow:
    """What is stored of a DAG file's last import."""

    path: str
    fingerprint: str | None
    inputs: str
    error: str | None
    parsed_at: datetime | None


@dataclass(frozen=True, slots=True)
class CurrentVersion:
    """The current version of a DAG, with its contents."""

    dag_id: str
    version_id: int
    structure_hash: str
    source_hash: str
    serialized: str


@dataclass(frozen=True, slots=True)
class CurrentDag:
    """A DAG with its current version, as far as the processor decides by it.

    Arguments:
        schedule: the timetable's spec as JSON, None for none.
        is_used: whether a run has the current version, so that it must stay.
        last_interval_end: end of the data interval of the last scheduled run.
        names_assets: whether it names assets so far.
        has_limits: whether tasks of it have limits of their own.
        has_access: whether its file said what it gives to roles.
    """

    dag_id: str
    bundle: str
    path: str
    is_active: bool
    version_id: int
    schedule: str | None
    number: int
    structure_hash: str
    source_hash: str
    is_used: bool
    last_interval_end: datetime | None
    names_assets: bool
    has_limits: bool
    has_access: bool


def ensure_bundle(connection: sa.Connection, name: str, *, kind: str) -> None:
    """Insert the bundle if it is missing."""
    if connection.execute(sa.select(bundle.c.name).where(bundle.c.name == name)).first() is None:
        connection.execute(sa.insert(bundle).values(name=name, kind=kind, options="{}"))


def list_files(connection: sa.Connection, bundle_name: str) -> list[FileRow]:
    """Return the files of a bundle that are there, by path."""
    columns = (dag_file.c.path, dag_file.c.fingerprint, dag_file.c.inputs, dag_file.c.error, dag_file.c.parsed_at)
    query = (
        sa.select(*columns)
        .where(dag_file.c.bundle == bundle_name, dag_file.c.is_present.is_(True))
        .order_by(dag_file.c.path)
    )
    return [FileRow(*row) for row in connection.execute(query)]


def list_versions(connection: sa.Connection, bundle_name: str, path: str) -> list[CurrentVersion]:
    """Return the current versions of a file's active DAGs."""
    columns = (dag.c.dag_id, dag_version.c.id, dag_version.c.structure_hash, dag_version.c.source_hash)
    query = (
        sa.select(*columns, dag_version.c.serialized)
        .join(dag_version, dag_version.c.id == dag.c.version_id)
        .where(dag.c.bundle == bundle_name, dag.c.path == path, dag.c.is_active.is_(True))
        .order_by(dag.c.dag_id)
    )
    return [CurrentVersion(*row) for row in connection.execute(query)]


def put_volatile(
    connection: sa.Connection, *, bundle_name: str, path: str, inputs: str, warnings: str, hashes: Mapping[int, str]
) -> None:
    """Store what differs between two imports of a file, and the hashes of its versions that leave it out."""
    connection.execute(
        sa.update(dag_file)
        .where(dag_file.c.bundle == bundle_name, dag_file.c.path == path)
        .values(inputs=inputs, warnings=warnings)
    )
    statement = (
        sa.update(dag_version)
        .where(dag_version.c.id == sa.bindparam("version"))
        .values(structure_hash=sa.bindparam("hash"))
    )
    if hashes:
        connection.execute(statement, [{"version": key, "hash": value} for key, value in hashes.items()])


def retire_bundles(connection: sa.Connection, names: Sequence[str]) -> list[str]:
    """Mark the files and DAGs of local folders as gone that are not among ``names``; return the folders that had any."""
    query = (
        sa.select(dag_file.c.bundle, dag_file.c.path)
        .join(bundle, bundle.c.name == dag_file.c.bundle)
        .where(bundle.c.kind == "folder", bundle.c.name.not_in(names), dag_file.c.is_present.is_(True))
    )
    stale: dict[str, list[str]] = {}
    for row in connection.execute(query):
        stale.setdefault(row.bundle, []).append(row.path)
    for name, paths in stale.items():
        remove_files(connection, name, paths)
    return sorted(stale)


def lock_dags(connection: sa.Connection, bundle_name: str, path: str, dag_ids: Sequence[str]) -> dict[str, CurrentDag]:
    """Lock and return the DAGs of these ids and those that this file defined before, by id.

    The lock keeps a run from being made of a version that is about to be replaced: whoever makes a run locks the DAG's
    row before reading its version.
    """
    found: dict[str, CurrentDag] = {}
    for start in range(0, max(len(dag_ids), 1), _IDS_PER_QUERY):
        part = list(dag_ids[start : start + _IDS_PER_QUERY])
        for row in connection.execute(_LOCK_DAGS, {"dag_ids": part, "of_bundle": bundle_name, "of_path": path}):
            found[row.dag_id] = CurrentDag(*row)
    return found


def add_blobs(connection: sa.Connection, blobs: Mapping[str, bytes]) -> None:
    """Insert those blobs that are not stored yet, and lock the others: who removes unused ones waits for the version."""
    rows = [{"hash": name, "data": blobs[name]} for name in sorted(blobs)]
    if rows:
        connection.execute(insert_or_lock(connection.dialect.name, source_blob, ["hash"]), rows)


def add_versions(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert versions."""
    _VERSION_ROWS.run(connection, rows)


def remove_versions(connection: sa.Connection, version_ids: Sequence[int]) -> None:
    """Delete versions that no run uses; the rows of their DAGs are locked."""
    for start in range(0, len(version_ids), _IDS_PER_QUERY):
        part = version_ids[start : start + _IDS_PER_QUERY]
        connection.execute(sa.delete(dag_version).where(dag_version.c.id.in_(part)))


def add_dags(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert DAGs."""
    _DAG_ROWS.run(connection, rows)


def update_dags(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Change DAGs; each row names the DAG by ``key`` and has the same columns."""
    if not rows:
        return
    values = {name: sa.bindparam(f"new_{name}", type_=dag.c[name].type) for name in rows[0] if name != "key"}
    statement = sa.update(dag).where(dag.c.dag_id == sa.bindparam("key")).values(values)
    bound = [{name if name == "key" else f"new_{name}": value for name, value in row.items()} for row in rows]
    connection.execute(statement, bound)


def put_listings(connection: sa.Connection, runs: Mapping[str, str]) -> None:
    """Store the coming runs of DAGs whose files define their timetables, as JSON, by DAG."""
    rows = [{"dag_id": dag_id, "runs": runs[dag_id]} for dag_id in sorted(runs)]
    if rows:
        connection.execute(insert_or_change(connection.dialect.name, dag_listing, ("dag_id",), ("runs",)), rows)


def last_interval(connection: sa.Connection, dag_id: str) -> tuple[datetime, datetime] | None:
    """Return the data interval of a DAG's last scheduled run, None if there was none."""
    row = connection.execute(_LAST_INTERVAL, {"of_dag": dag_id}).first()
    return None if row is None else (row[0], row[1])


def deactivate_dags(connection: sa.Connection, dag_ids: Iterable[str]) -> None:
    """Mark DAGs as gone; nothing is scheduled of them any more."""
    ids = sorted(dag_ids)
    if ids:
        connection.execute(sa.update(dag).where(dag.c.dag_id.in_(ids)).values(is_active=False, due_at=None))


def put_task_limits(connection: sa.Connection, changed: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the limits of single tasks, in place of those that the DAGs `changed` had."""
    if changed:
        connection.execute(task_limit.delete().where(task_limit.c.dag_id.in_(sorted(changed))))
    if rows:
        connection.execute(task_limit.insert(), list(rows))


def put_file(connection: sa.Connection, *, bundle_name: str, path: str, values: Mapping[str, Any]) -> None:
    """Insert or change what is stored of a file."""
    row = {"bundle": bundle_name, "path": path, **values}
    connection.execute(insert_or_change(connection.dialect.name, dag_file, ("bundle", "path"), list(values)), row)


def remove_files(connection: sa.Connection, bundle_name: str, paths: Iterable[str]) -> None:
    """Mark files as gone, and the DAGs they defined with them."""
    gone = sorted(paths)
    for start in range(0, len(gone), _IDS_PER_QUERY):
        part = gone[start : start + _IDS_PER_QUERY]
        connection.execute(
            sa.update(dag_file)
            .where(dag_file.c.bundle == bundle_name, dag_file.c.path.in_(part))
            .values(is_present=False, error=None, error_line=None, error_trace=None, fingerprint=None)
        )
        connection.execute(
            sa.update(dag)
            .where(dag.c.bundle == bundle_name, dag.c.path.in_(part), dag.c.is_active.is_(True))
            .values(is_active=False, due_at=None)
        )


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A file that somebody wants read again, and since when."""

    bundle: str
    path: str
    asked_at: datetime


def list_requests(connection: sa.Connection) -> list[RequestRow]:
    """Return the files that are to be read again."""
    columns = (dag_file.c.bundle, dag_file.c.path, dag_file.c.asked_at)
    return [RequestRow(*row) for row in connection.execute(sa.select(*columns).where(dag_file.c.asked_at.is_not(None)))]


def forget_requests(connection: sa.Connection, requests: Iterable[RequestRow]) -> None:
    """Note that files are read again now; one that was asked for once more since is not forgotten."""
    for each in sorted(requests, key=lambda request: (request.bundle, request.path)):
        of_file = (dag_file.c.bundle == each.bundle, dag_file.c.path == each.path, dag_file.c.asked_at == each.asked_at)
        connection.execute(sa.update(dag_file).where(*of_file).values(asked_at=None))

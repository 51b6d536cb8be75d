"""Statements on what is wrong with DAG files and DAGs: import errors, warnings. Reads only, for people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.tables import dag, dag_file

LARGEST_KEY = 2**53 - 1
"""Every JSON library reads whole numbers up to this one as they are written."""
ORDERS = {
    "import_error_id": (dag_file.c.path, dag_file.c.bundle),
    "filename": (dag_file.c.path, dag_file.c.bundle),
    "timestamp": (dag_file.c.parsed_at, dag_file.c.path, dag_file.c.bundle),
}
"""What import errors can be ordered by; the id has no order of its own, and stands for the path."""
WARNING_ORDERS = ("dag_id", "warning_type", "message", "timestamp")
IMPORT_WARNING = "import warning"
QUARANTINE = "quarantine"
WARNING_TYPES = (IMPORT_WARNING, QUARANTINE)
_IS_BROKEN = (dag_file.c.error.is_not(None), dag_file.c.is_present.is_(True))


@dataclass(frozen=True, slots=True)
class ImportErrorRow:
    """A DAG file that could not be imported.

    Arguments:
        is_shared: the file also has DAGs that the reader may not see.
    """

    id: int
    bundle: str
    path: str
    line: int | None
    error: str
    trace: str | None
    at: datetime | None
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class DagWarningRow:
    """What is questionable about a DAG; one of `WARNING_TYPES`.

    Arguments:
        is_shared: it is said of the whole file, which also has DAGs that the reader may not see.
    """

    dag_id: str
    warning_type: str
    message: str
    timestamp: datetime | None
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class FileWarningRow:
    """What is questionable about a DAG file.

    Arguments:
        is_shared: the file also has DAGs that the reader may not see.
    """

    bundle: str
    path: str
    message: str
    timestamp: datetime | None
    is_shared: bool = False


def error_key(bundle: str, path: str) -> int:
    """Return the number by which the error of a file is asked for: the same as long as the file has its name."""
    return int.from_bytes(hashlib.sha256(f"{bundle}\n{path}".encode()).digest()[:8], "big") & LARGEST_KEY


def count_errors(connection: sa.Connection, *, dags: Collection[str] | None = None) -> int:
    """Return how many files could not be imported; see `page_of_errors`."""
    query = sa.select(sa.func.count()).select_from(dag_file).where(*_IS_BROKEN, *_of(dags))
    return int(connection.execute(query).scalar_one())


def page_of_errors(
    connection: sa.Connection,
    *,
    limit: int,
    offset: int = 0,
    order_by: str | None = None,
    is_descending: bool = False,
    dags: Collection[str] | None = None,
) -> list[ImportErrorRow]:
    """Return some files that could not be imported, in one statement.

    Arguments:
        order_by: one of `ORDERS`; by default the path.
        dags: only files that have one of these DAGs at least; None for all files.
    """
    columns = ORDERS[order_by or "filename"]
    order = [each.desc() if is_descending else each for each in columns]
    query = _errors(dags).order_by(*order).limit(limit).offset(offset)
    return [_error_row(row) for row in connection.execute(query)]


def find_error(connection: sa.Connection, key: int, *, dags: Collection[str] | None = None) -> ImportErrorRow | None:
    """Return the error with that number, None if there is none: two statements, one over the names of broken files."""
    names = sa.select(dag_file.c.bundle, dag_file.c.path).where(*_IS_BROKEN)
    found = next((row for row in connection.execute(names) if error_key(row.bundle, row.path) == key), None)
    if found is None:
        return None
    query = _errors(dags).where(dag_file.c.bundle == found.bundle, dag_file.c.path == found.path)
    row = connection.execute(query).one_or_none()
    return None if row is None else _error_row(row)


def warnings_of_dags(
    connection: sa.Connection, *, dag_id: str | None = None, dags: Collection[str] | None = None
) -> list[DagWarningRow]:
    """Return the warnings about active DAGs, in one statement, which reads no DAG that has none.

    Arguments:
        dags: of these DAGs only; None for all.
    """
    other = dag.alias("other")
    in_file = (other.c.bundle == dag.c.bundle, other.c.path == dag.c.path)
    shared = sa.false() if dags is None else sa.exists().where(*in_file, other.c.dag_id.not_in(sorted(dags)))
    query = (
        sa.select(dag.c.dag_id, dag.c.quarantine, dag_file.c.warnings, dag_file.c.parsed_at, shared.label("is_shared"))
        .join_from(dag, dag_file, sa.and_(dag_file.c.bundle == dag.c.bundle, dag_file.c.path == dag.c.path))
        .where(
            dag.c.is_active.is_(True),
            sa.or_(dag.c.quarantine.is_not(None), dag_file.c.warnings != "[]"),
        )
    )
    if dag_id is not None:
        query = query.where(dag.c.dag_id == dag_id)
    if dags is not None:
        query = query.where(dag.c.dag_id.in_(sorted(dags)))
    found = []
    for row in connection.execute(query):
        if row.quarantine is not None:
            found.append(DagWarningRow(row.dag_id, QUARANTINE, row.quarantine, row.parsed_at))
        found += [
            DagWarningRow(row.dag_id, IMPORT_WARNING, each, row.parsed_at, bool(row.is_shared))
            for each in json.loads(row.warnings)
        ]
    return found


def warnings_of_files(connection: sa.Connection, *, dags: Collection[str] | None = None) -> list[FileWarningRow]:
    """Return the warnings about DAG files by path, in one statement.

    Arguments:
        dags: only of files that have one of these DAGs at least; None for all files.
    """
    query = (
        sa.select(dag_file, _has_others(dags).label("is_shared"))
        .where(dag_file.c.warnings != "[]", dag_file.c.is_present.is_(True), *_of(dags))
        .order_by(dag_file.c.path, dag_file.c.bundle)
    )
    return [
        FileWarningRow(row.bundle, row.path, each, row.parsed_at, bool(row.is_shared))
        for row in connection.execute(query)
        for each in json.loads(row.warnings)
    ]


def files_of(connection: sa.Connection, dags: Collection[str]) -> dict[tuple[str, str], bool]:
    """Return the bundles and paths of the files that have one of these DAGs, and whether each also has others."""
    query = sa.select(dag_file.c.bundle, dag_file.c.path, _has_others(dags).label("is_shared")).where(*_of(dags))
    return {(row.bundle, row.path): bool(row.is_shared) for row in connection.execute(query)}


def _errors(dags: Collection[str] | None) -> sa.Select[Any]:
    return sa.select(dag_file, _has_others(dags).label("is_shared")).where(*_IS_BROKEN, *_of(dags))


def _has_others(dags: Collection[str] | None) -> sa.ColumnElement[bool]:
    return sa.false() if dags is None else _has_dag(dag.c.dag_id.not_in(sorted(dags)))


def _of(dags: Collection[str] | None) -> tuple[sa.ColumnElement[bool], ...]:
    return () if dags is None else (_has_dag(dag.c.dag_id.in_(sorted(dags))),)


def _has_dag(which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    of_file = (dag.c.bundle == dag_file.c.bundle, dag.c.path == dag_file.c.path)
    return sa.exists().where(*of_file, which)


def _error_row(row: sa.Row[Any]) -> ImportErrorRow:
    key = error_key(row.bundle, row.path)
    return ImportErrorRow(
        key, row.bundle, row.path, row.error_line, row.error, row.error_trace, row.parsed_at, bool(row.is_shared)
    )

"""Statements on the versions of a DAG, for people who look back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.tables import dag, dag_run, dag_version

_version = dag_version.c
ORDERS = {"version_number": _version.number, "created_at": _version.created_at}
"""What versions can be ordered by."""


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a DAG; `is_newest`: new runs get it."""

    id: int
    dag_id: str
    number: int
    bundle: str
    path: str
    structure_hash: str
    source_hash: str
    created_at: datetime
    is_newest: bool


_ROWS = sa.select(
    *(_version[name] for name in ("id", "dag_id", "number", "bundle", "path", "structure_hash", "source_hash")),
    _version.created_at,
    sa.exists().where(dag.c.dag_id == _version.dag_id, dag.c.version_id == _version.id).label("is_newest"),
)


def count(conn: sa.Connection, dag_id: str) -> int:
    """Return how many versions of a DAG are kept."""
    query = sa.select(sa.func.count()).select_from(dag_version).where(_version.dag_id == dag_id)
    return int(conn.execute(query).scalar_one())


def page(
    conn: sa.Connection,
    dag_id: str,
    *,
    limit: int,
    offset: int = 0,
    order_by: str | None = None,
    is_descending: bool = False,
) -> list[VersionRow]:
    """Return some versions of a DAG, the oldest first or in another of `ORDERS`."""
    column = ORDERS[order_by or "version_number"]
    order = (column.desc() if is_descending else column, _version.number)
    return [
        _row(row)
        for row in conn.execute(_ROWS.where(_version.dag_id == dag_id).order_by(*order).limit(limit).offset(offset))
    ]


def get(conn: sa.Connection, dag_id: str, number: int) -> VersionRow | None:
    """Return a version of a DAG by its number; None where it is not, or not kept any more."""
    row = conn.execute(_ROWS.where(_version.dag_id == dag_id, _version.number == number)).one_or_none()
    return None if row is None else _row(row)


def by_key(conn: sa.Connection, key: int) -> VersionRow | None:
    """Return a version by its `id`; None where it is not kept any more."""
    row = conn.execute(_ROWS.where(_version.id == key)).one_or_none()
    return None if row is None else _row(row)


def runs(conn: sa.Connection, dag_id: str, keys: Collection[int]) -> Mapping[int, int]:
    """Return how many runs each of these versions of a DAG has; what has none is left out."""
    if not keys:
        return {}
    query = (
        sa.select(dag_run.c.version_id, sa.func.count().label("number"))
        .where(dag_run.c.dag_id == dag_id, dag_run.c.version_id.in_(sorted(keys)))
        .group_by(dag_run.c.version_id)
    )
    return {row.version_id: row.number for row in conn.execute(query)}


def dags_of_file(conn: sa.Connection, bundle: str, path: str) -> list[str]:
    """Return the ids of the DAGs that come from a file, also of those that are gone from it."""
    query = sa.select(dag.c.dag_id).where(dag.c.bundle == bundle, dag.c.path == path).order_by(dag.c.dag_id)
    return list(conn.execute(query).scalars())


def _row(row: Any) -> VersionRow:
    return VersionRow(**row._asdict() | {"is_newest": bool(row.is_newest)})

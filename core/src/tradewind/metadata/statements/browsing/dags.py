"""Pages of DAGs, and the files they come from."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements.browsing.parts import Slice, among, counted, ordered
from tradewind.metadata.tables import dag, dag_file, dag_version

_dag = dag.c
_file = dag_file.c
ORDERS: dict[str, sa.ColumnElement[Any]] = {
    "dag_id": _dag.dag_id,
    "is_paused": _dag.is_paused,
    "is_active": _dag.is_active,
    "last_parsed_time": _file.parsed_at,
    "next_dagrun_create_after": _dag.due_at,
}
_JOINED = dag.outerjoin(dag_file, (_file.bundle == _dag.bundle) & (_file.path == _dag.path)).outerjoin(
    dag_version, dag_version.c.id == _dag.version_id
)
_ROWS = sa.select(dag, _file.parsed_at, _file.error, dag_version.c.number.label("version")).select_from(_JOINED)


@dataclass(frozen=True, slots=True)
class DagFilter:
    """Which DAGs are meant.

    Arguments:
        allowed: ids of the DAGs that whoever asks may see.
        tags: it has one of these.
        only_active: its file is there.
        pattern: a part of its id, in whatever letters; % stands for anything.
    """

    allowed: frozenset[str] | None = None
    tags: Sequence[str] | None = None
    only_active: bool = True
    paused: bool | None = None
    pattern: str | None = None

    @property
    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """What a DAG must be."""
        found = among(_dag.dag_id, self.allowed)
        if self.tags:
            found.append(sa.or_(*(_has_tag(tag) for tag in self.tags)))
        if self.only_active:
            found.append(_dag.is_active)
        if self.paused is not None:
            found.append(_dag.is_paused.is_(self.paused))
        if self.pattern is not None:
            found.append(_dag.dag_id.ilike(f"%{self.pattern}%"))
        return found


def _has_tag(tag: str) -> sa.ColumnElement[bool]:
    # Of all ways to look for a text in another the one that minds small and capital letters on every database
    without = sa.func.replace(_dag.tags, json.dumps(tag), "")
    return sa.func.length(without) < sa.func.length(_dag.tags)


def page(connection: sa.Connection, wanted: DagFilter, part: Slice) -> Sequence[Any]:
    """Return some DAGs: the columns of `dag`, when and how well its file was read, and the number of its `version`."""
    query = ordered(_ROWS.where(*wanted.conditions), part, ORDERS, by="dag_id", key=[_dag.dag_id])
    return connection.execute(query).all()


def count(connection: sa.Connection, wanted: DagFilter) -> int:
    """Return how many DAGs are meant."""
    return counted(connection, sa.select(_dag.dag_id).where(*wanted.conditions), most=None)


def get(connection: sa.Connection, dag_id: str) -> Any | None:
    """Return a DAG, also one whose file is gone."""
    return connection.execute(_ROWS.where(_dag.dag_id == dag_id)).one_or_none()


def existing(connection: sa.Connection, dag_ids: Collection[str]) -> list[str]:
    """Return those ids that are of DAGs, in their order."""
    query = sa.select(_dag.dag_id).where(_dag.dag_id.in_(sorted(dag_ids))).order_by(_dag.dag_id)
    return list(connection.execute(query).scalars())


def set_paused(connection: sa.Connection, wanted: DagFilter, *, is_paused: bool) -> list[str]:
    """Pause or unpause the DAGs that are meant, and return the ids of those that were not so before."""
    changing = sa.select(_dag.dag_id).where(*wanted.conditions, _dag.is_paused.is_(not is_paused))
    found = list(connection.execute(changing.order_by(_dag.dag_id).with_for_update()).scalars())
    connection.execute(sa.update(dag).where(_dag.dag_id.in_(found)).values(is_paused=is_paused))
    return found


def ids_of_file(connection: sa.Connection, bundle: str, path: str) -> Sequence[str]:
    """Return the ids of the DAGs that come from a file."""
    query = sa.select(_dag.dag_id).where(_dag.bundle == bundle, _dag.path == path).order_by(_dag.dag_id)
    return connection.execute(query).scalars().all()


def source_hash(connection: sa.Connection, bundle: str, path: str) -> str | None:
    """Return the hash of a file's sources as they were read last, else of the newest version that it made."""
    of_file = sa.select(_file.source_hash).where(_file.bundle == bundle, _file.path == path)
    found: str | None = connection.execute(of_file).scalar_one_or_none()
    if found is None:
        of_version = (
            sa.select(dag_version.c.source_hash)
            .join(dag, _dag.version_id == dag_version.c.id)
            .where(_dag.bundle == bundle, _dag.path == path)
            .limit(1)
        )
        found = connection.execute(of_version).scalar_one_or_none()
    return found


def ask(connection: sa.Connection, bundle: str, path: str, *, now: datetime) -> bool:
    """Ask for a file to be read again; False where it is gone."""
    query = sa.update(dag_file).where(_file.bundle == bundle, _file.path == path, _file.is_present)
    return connection.execute(query.values(asked_at=now)).rowcount > 0

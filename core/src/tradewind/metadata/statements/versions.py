"""Statements on DAG versions that transitions need."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from tradewind.metadata.tables import dag_version

_SERIALIZED = sa.select(dag_version.c.serialized).where(dag_version.c.id == sa.bindparam("version"))


def serialized(conn: sa.Connection, version_id: int) -> str | None:
    """Return the serialized text of a version, None when there is no such version."""
    text: str | None = conn.execute(_SERIALIZED, {"version": version_id}).scalar_one_or_none()
    return text


def serialized_of(conn: sa.Connection, version_ids: Collection[int]) -> dict[int, str]:
    """Return the serialized texts of versions; none, without asking, of none."""
    if not version_ids:
        return {}
    query = sa.select(dag_version.c.id, dag_version.c.serialized).where(dag_version.c.id.in_(sorted(version_ids)))
    return {row.id: row.serialized for row in conn.execute(query)}

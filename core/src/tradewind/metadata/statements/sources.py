"""Statements on content-addressed sources."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from tradewind.metadata.tables import dag_version, source_blob

HASHES_PER_QUERY = 500


def read_blobs(connection: sa.Connection, hashes: Iterable[str]) -> dict[str, bytes]:
    """Return the compressed blobs that are stored under these hashes; a missing one is missing in the answer."""
    wanted = sorted(set(hashes))
    found: dict[str, bytes] = {}
    for start in range(0, len(wanted), HASHES_PER_QUERY):
        part = wanted[start : start + HASHES_PER_QUERY]
        query = sa.select(source_blob.c.hash, source_blob.c.data).where(source_blob.c.hash.in_(part))
        found.update((row.hash, bytes(row.data)) for row in connection.execute(query))
    return found


def list_blobs(connection: sa.Connection) -> set[str]:
    """Return the hashes of all stored blobs."""
    return set(connection.execute(sa.select(source_blob.c.hash)).scalars())


def list_sources(connection: sa.Connection) -> set[str]:
    """Return the source hashes of all versions: the hashes of their manifests."""
    return set(connection.execute(sa.select(dag_version.c.source_hash).distinct()).scalars())


def lock_blobs(connection: sa.Connection, hashes: Collection[str]) -> set[str]:
    """Lock blobs and return those that are there: whoever writes a version with one of them waits, or has written it."""
    query = sa.select(source_blob.c.hash).where(source_blob.c.hash.in_(hashes)).order_by(source_blob.c.hash)
    return set(connection.execute(query.with_for_update()).scalars())


def remove_blobs(connection: sa.Connection, hashes: Collection[str]) -> int:
    """Delete blobs and return how many there were."""
    return connection.execute(sa.delete(source_blob).where(source_blob.c.hash.in_(hashes))).rowcount

"""Statements on content-addressed sources."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from tradewind.metadata.tables import source_blob

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

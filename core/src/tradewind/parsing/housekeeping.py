"""Removing sources that no version needs any more.

A version that was written while we counted must keep what it has: who writes a version locks its blobs, and so do we
before we count again and remove.
"""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Callable, Iterable

import sqlalchemy as sa

from tradewind.metadata.engine import Database
from tradewind.metadata.statements import sources

log = logging.getLogger(__name__)
_FIRST_AFTER = 600.0
_EVERY = 3600.0
_AT_ONCE = 500
_MOST_BATCHES = 20


class Housekeeper:
    """Cleans up an hour after it did so last; in a call, a bounded number of blobs.

    Args:
        database: the metadata database.
        monotonic: the clock.
    """

    def __init__(self, database: Database, *, monotonic: Callable[[], float]) -> None:
        self._database = database
        self._monotonic = monotonic
        self._due_at = monotonic() + _FIRST_AFTER

    def keep(self) -> int:
        """Remove what is unused, if it is time; return the number of blobs removed."""
        if self._monotonic() < self._due_at:
            return 0
        self._due_at = self._monotonic() + _EVERY
        return remove_unused(self._database)


def remove_unused(database: Database) -> int:
    """Remove blobs that no version names, up to 10,000 of them, 500 in one transaction; return how many."""
    with database.read() as connection:
        stored = sources.list_blobs(connection)
        manifests = sources.list_sources(connection)
        unused = sorted(stored - manifests - _named_in(connection, manifests))
    removed = 0
    for number in range(min(_MOST_BATCHES, -(-len(unused) // _AT_ONCE))):
        part = unused[number * _AT_ONCE : (number + 1) * _AT_ONCE]
        removed += database.write(_remover(part, manifests))
    if removed:
        log.info("removed %d sources that no version needs any more", removed)
    return removed


def _remover(part: list[str], manifests: set[str]) -> Callable[[sa.Connection], int]:
    def remove(connection: sa.Connection) -> int:
        there = sources.lock_blobs(connection, part)
        new = sources.list_sources(connection) - manifests
        spared = new | _named_in(connection, new)
        return sources.remove_blobs(connection, sorted(there - spared)) if there - spared else 0

    return remove


def _named_in(connection: sa.Connection, manifests: Iterable[str]) -> set[str]:
    """Return the hashes of the files that these manifests name."""
    named: set[str] = set()
    wanted = sorted(manifests)
    for start in range(0, len(wanted), _AT_ONCE):
        for data in sources.read_blobs(connection, wanted[start : start + _AT_ONCE]).values():
            named.update(json.loads(zlib.decompress(data))["files"].values())
    return named

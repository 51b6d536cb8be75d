"""Which runs, and which tasks in them, a change of states is about."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from tradewind.metadata.statements import listings
from tradewind.operations.errors import InvalidError
from tradewind.transitions.graph import Graph, ancestors, descendants


def with_neighbours(graph: Graph, named: Collection[str], *, upstream: bool, downstream: bool) -> frozenset[str]:
    """Return tasks, with all that is before and after them where that is wanted."""
    found = set(named)
    if downstream:
        found |= descendants(graph, named)
    if upstream:
        found |= ancestors(graph, named)
    return frozenset(found)


def neighbouring_runs(
    connection: sa.Connection, run: listings.RunRow, *, past: bool, future: bool, most: int | None = None
) -> list[listings.RunRow]:
    """Return a run, and those before and after it by logical date where they are wanted, the newest first.

    Arguments:
        most: how many at most; None for all.
    Raises:
        InvalidError: the run has no date that others could be before or after.
    """
    if not past and not future:
        return [run]
    if run.logical_date is None:
        raise InvalidError(
            "include_past" if past else "include_future",
            f"Run {run.run_id!r} has no logical date: name runs one by one.",
        )
    since = None if past else run.logical_date
    until = None if future else run.logical_date
    found = listings.list_runs(connection, dag_id=run.dag_id, since=since, until=until, limit=most)
    return [each for each in found if each.id == run.id or each.logical_date != run.logical_date]

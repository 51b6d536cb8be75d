"""Which runs, and which tasks in them, a change of states is about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tradewind.metadata.statements import listings
from tradewind.operations.errors import InvalidError, NotFoundError
from tradewind.transitions.graph import Graph, ancestors, descendants

MOST_RUNS = 1000
"""Runs that one request is about at most."""


@dataclass(frozen=True, slots=True)
class Which:
    """Runs of a DAG that a change is about.

    Arguments:
        run_ids: these; None for all.
        first, last: only those with logical dates from the one to the other; None is no bound.
        past, future: also those before and after the one that is named.
        most: how many there may be; None for any number.
    """

    dag_id: str
    run_ids: Sequence[str] | None
    first: datetime | None
    last: datetime | None
    past: bool
    future: bool
    most: int | None

    def has(self, run: listings.RunRow) -> bool:
        """Tell whether a run's logical date is in the range."""
        date = run.logical_date
        if date is None:
            return self.first is None and self.last is None
        return (self.first is None or date >= self.first) and (self.last is None or date <= self.last)


def runs_among(connection: sa.Connection, which: Which) -> list[listings.RunRow]:
    """Return the runs that are meant, the newest first.

    Raises:
        NotFoundError: one that is named is not there.
        InvalidError: there are too many, or others than one are to be before or after.
    """
    most = None if which.most is None else which.most + 1
    if which.run_ids is None:
        found = listings.list_runs(connection, dag_id=which.dag_id, since=which.first, until=which.last, limit=most)
        return limited(found, which.most)
    found = listings.named_runs(connection, which.dag_id, which.run_ids)
    if missing := set(which.run_ids) - {each.run_id for each in found}:
        raise NotFoundError(f"There is no run {min(missing)!r} of a DAG {which.dag_id!r}.", error_id="no-such-run")
    if which.past or which.future:
        if len(found) != 1:
            raise InvalidError("dag_run_ids", "Past and future of which run? Name one.")
        found = neighbouring_runs(connection, found[0], past=which.past, future=which.future, most=most)
    return limited([each for each in found if which.has(each)], which.most)


def limited(found: list[listings.RunRow], most: int | None) -> list[listings.RunRow]:
    """Return the same runs.

    Raises:
        InvalidError: they are more than so many.
    """
    if most is not None and len(found) > most:
        raise InvalidError("start_date", f"More than {most} runs fit: narrow them with start_date and end_date.")
    return found


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

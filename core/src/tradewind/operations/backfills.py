"""Backfills: runs over a range of past dates, made by the schedulers under a limit of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from tradewind_plugins.exceptions import TradewindException

from tradewind.metadata.statements import backfills as statements
from tradewind.metadata.statements.backfills import Backfill, DateRow
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import ConflictError, InvalidError, NotFoundError
from tradewind.operations.finding import newest_graph
from tradewind.operations.paging import Page, Paging
from tradewind.timetables import RunSpec
from tradewind.transitions import backfills
from tradewind.transitions.backfills import BackfillGraph, Wanted

LONGEST_ANSWER = 1000
"""Dates that an answer has at most."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A backfill with how many of its dates are in which state."""

    backfill: Backfill
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many dates it has."""
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        """How many dates are done, one way or another."""
        return self.total - self.counts.get(statements.PENDING, 0) - self.counts.get(statements.OPEN, 0)


@dataclass(frozen=True, slots=True)
class Planned:
    """What becomes of a date: `new run`, `runs again` or `skipped`, and its run as far as there is one."""

    logical_date: datetime
    becomes: str
    run_id: str | None
    state: str | None


@dataclass(frozen=True, slots=True)
class Created:
    """A backfill that was asked for; `made` is None for a dry run, which only says what each date would become.

    Arguments:
        dates: the earliest ones, as many as were asked for.
        total: how many dates there are in all.
    """

    made: Progress | None
    dates: Sequence[Planned]
    total: int


@operation("backfills.list")
def list_backfills(
    context: Context, *, page: Paging, dag_id: str | None = None, key: int | None = None, only_open: bool = False
) -> Page[Progress]:
    """Return backfills with their progress, the newest first.

    Arguments:
        dag_id: of this DAG only.
        key: this one only.
        only_open: those only that have not ended.
    """
    with context.read() as connection:
        which: Any = {"key": key, "dag_id": dag_id, "only_open": only_open, "dags": context.dags}
        total = statements.count(connection, **which)
        found = statements.list_all(connection, **which, limit=page.limit, offset=page.offset)
        counts = statements.counts(connection, [each.id for each in found])
    return Page([Progress(each, counts[each.id]) for each in found], total)


@operation("backfills.get")
def get_backfill(context: Context, *, dag_id: str, key: int) -> Progress:
    """Return a backfill with its progress.

    Raises:
        NotFoundError: the DAG has none of that key.
    """
    with context.read() as connection:
        return _progress(connection, dag_id, key)


@operation("backfills.get")
def list_dates(context: Context, *, dag_id: str, key: int, page: Paging) -> Page[DateRow]:
    """Return the dates of a backfill in their order, with the run of each as far as there is one.

    Raises:
        NotFoundError: the DAG has no backfill of that key.
    """
    with context.read() as connection:
        total = _progress(connection, dag_id, key).total
        return Page(statements.dates(connection, key, limit=page.limit, offset=page.offset), total)


@operation("backfills.create")
def create_backfill(
    context: Context,
    *,
    dag_id: str,
    first_date: datetime,
    last_date: datetime | None = None,
    conf: Mapping[str, Any] | None = None,
    max_active_runs: int | None = None,
    is_reverse: bool = False,
    reprocess: str = backfills.NONE,
    dry_run: bool = False,
    most: int | None = LONGEST_ANSWER,
) -> Created:
    """Have the runs made that a DAG's schedule has over a range of dates, or only say what each would become.

    Arguments:
        first_date, last_date: the range of logical dates, both in it; by default one date.
        conf: of its runs.
        max_active_runs: how many may be under way at once; by default as many as of the DAG.
        is_reverse: the latest date first.
        reprocess: of dates that have a run, run again: `none`, those that `failed`, all that `ended`.
        dry_run: make nothing.
        most: dates that a dry run tells of at most, the earliest ones; None for all.
    Raises:
        NotFoundError: there is no such DAG.
        InvalidError: the schedule has no dates, or too many, in the range.
        ConflictError: another backfill is at the DAG.
    """
    last = last_date or first_date
    with context.read() as connection:
        graph = cast("BackfillGraph", newest_graph(context, connection, dag_id))
        try:
            specs = backfills.specs_between(graph, first_date, last)
        except TradewindException as error:
            raise InvalidError("from_date", str(error), error_id="backfill-without-dates") from error
        except OverflowError as error:
            text = f"The schedule leaves the calendar before {last.isoformat()}: name an earlier date."
            raise InvalidError("to_date", text, error_id="backfill-without-dates") from error
        dates = plan(connection, graph, specs[:most], reprocess=reprocess) if dry_run else []
    if dry_run:
        return Created(None, list(reversed(dates)) if is_reverse else dates, len(specs))
    limit = max_active_runs or graph.max_active_runs
    wanted = Wanted(first_date, last, limit, is_reverse=is_reverse, reprocess=reprocess, conf=conf or {})

    def work(connection: sa.Connection, entry: Entry) -> Created:
        clock = context.tools.clock
        try:
            key = backfills.add(connection, dag_id, wanted, specs, clock=clock, ids=context.ids)
        except TradewindException as error:
            raise ConflictError(str(error), error_id="backfill-at-work") from error
        entry.after = {"backfill": key, "first_date": first_date, "last_date": last, "dates": len(specs)}
        return Created(_progress(connection, dag_id, key), [], len(specs))

    return context.change(work)


@operation("backfills.change")
def change_backfill(context: Context, *, dag_id: str, key: int, state: str) -> Progress:
    """Pause a backfill (`paused`), let it go on (`running`) or cancel it (`cancelled`); runs under way go on.

    Raises:
        NotFoundError: the DAG has none of that key.
        ConflictError: it has ended.
    """

    def work(connection: sa.Connection, entry: Entry) -> Progress:
        before = _progress(connection, dag_id, key)
        try:
            backfills.change(connection, key, state, clock=context.tools.clock)
        except TradewindException as error:
            raise ConflictError(str(error), error_id="backfill-ended") from error
        entry.before = {"backfill": key, "state": before.backfill.state}
        entry.after = {"backfill": key, "state": state}
        return _progress(connection, dag_id, key)

    return context.change(work)


def plan(connection: sa.Connection, graph: BackfillGraph, specs: Sequence[RunSpec], *, reprocess: str) -> list[Planned]:
    """Return what becomes of each date, by the rule that the schedulers go by, with one statement."""
    newest = statements.newest_runs(connection, graph.dag_id, [each.logical_date for each in specs])
    found = [(each.logical_date, newest.get(each.logical_date)) for each in specs]
    return [
        Planned(
            date,
            backfills.becomes(run, reprocess),
            None if run is None else run.run_id,
            None if run is None else run.state,
        )
        for date, run in found
    ]


def _progress(connection: sa.Connection, dag_id: str, key: int) -> Progress:
    found = statements.get(connection, key)
    if found is None or found.dag_id != dag_id:
        raise NotFoundError(f"DAG {dag_id!r} has no backfill {key}.", error_id="no-such-backfill")
    return Progress(found, statements.counts(connection, [key])[key])

"""Which runs a DAG's schedule makes next, and what unpausing it would make: shown, not made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice, takewhile
from typing import cast

import sqlalchemy as sa
from tradewind_plugins.exceptions import TradewindException

from tradewind.authoring.dag_arguments import as_catchup
from tradewind.metadata.statements import listings, schedules
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import InvalidError
from tradewind.operations.finding import require_dag
from tradewind.serialization import SerializedDag
from tradewind.timetables import RunSpec, from_schedule
from tradewind.transitions.calendar import coming_runs, from_columns, next_run
from tradewind.transitions.graph import Graphs
from tradewind.transitions.listings import known_listing

MOST_AT_ONCE = 10_000
"""Runs that are counted at most."""
SHOWN = 5
"""Logical dates of them that are named."""


@dataclass(frozen=True, slots=True)
class ComingRuns:
    """The coming runs, the next first; none is made while the DAG is paused.

    Arguments:
        now: when they were worked out; runs up to then are due.
        why_none: half a sentence on why there are none; None where there are.
    """

    dag_id: str
    is_paused: bool
    runs: Sequence[RunSpec]
    now: datetime
    why_none: str | None


@dataclass(frozen=True, slots=True)
class Unpausing:
    """What unpausing a DAG would do.

    Arguments:
        made_at_once: runs, counted up to `MOST_AT_ONCE`.
        logical_dates: of the first of them.
        last_date: the logical date of the last one.
        next_at: when the run after them comes; None where there is none.
        queued_runs: runs that wait for it.
        asset_events: events of assets that it waits with.
    """

    dag_id: str
    made_at_once: int
    logical_dates: Sequence[datetime]
    last_date: datetime | None
    next_at: datetime | None
    queued_runs: int
    asset_events: int


@operation("dags.next_runs")
def list_coming_runs(
    context: Context,
    *,
    dag_id: str,
    number: int = 10,
    schedule: str | None = None,
    catchup: str | None = None,
    is_anew: bool = False,
) -> ComingRuns:
    """Return the runs that a DAG's schedule makes next.

    Arguments:
        number: how many.
        schedule: as if this were its schedule: a cron expression or a preset.
        catchup: as if the DAG had this word for it: `all`, `latest` or `none`.
        is_anew: those that follow the last scheduled run, as if none were stored as the next, and none were passed over.
    Raises:
        NotFoundError: there is no such DAG.
        InvalidError: there is no such schedule.
    """
    now = context.tools.clock.now()
    with context.read() as connection:
        row = require_dag(connection, dag_id)
        graph, stored = _planned(connection, context.tools.graphs, dag_id)
        last = None
        if is_anew or schedule is not None or catchup is not None:
            last = listings.last_scheduled_interval_end(connection, dag_id)
    if schedule is not None or catchup is not None:
        graph = _changed(graph, schedule, catchup)
        makes_up = graph.catchup is True or schedule is None
        stored = next_run(graph, after=last, now=now, makes_up=makes_up)
    coming = _behind(graph, last, now) if is_anew else coming_runs(graph, stored, now)
    runs = list(islice(_until_the_calendar_ends(coming), number))
    return ComingRuns(dag_id, row.is_paused, runs, now, None if runs else _why_none(graph))


@operation("dags.unpause_preview")
def preview_unpausing(context: Context, *, dag_id: str) -> Unpausing:
    """Return what unpausing a DAG would make at once, and when the next run after that would come.

    Raises:
        NotFoundError: there is no such DAG.
    """
    now = context.tools.clock.now()
    with context.read() as connection:
        require_dag(connection, dag_id)
        graph, stored = _planned(connection, context.tools.graphs, dag_id)
        waiting, queued = schedules.waiting_of(connection, dag_id)
    made = list(islice(takewhile(lambda run: run.run_at <= now, coming_runs(graph, stored, now)), MOST_AT_ONCE))
    behind = islice(_until_the_calendar_ends(coming_runs(graph, stored, now)), len(made), None)
    following = next(behind, None)
    return Unpausing(
        dag_id,
        made_at_once=len(made),
        logical_dates=[each.logical_date for each in made[:SHOWN]],
        last_date=made[-1].logical_date if made else None,
        next_at=None if following is None else following.run_at,
        queued_runs=queued,
        asset_events=waiting,
    )


def _behind(graph: SerializedDag, last: datetime | None, now: datetime) -> Iterator[RunSpec]:
    while (found := next_run(graph, after=last, now=now)) is not None:
        yield found
        last, now = found.data_interval_end, max(now, found.run_at)


def _until_the_calendar_ends(runs: Iterator[RunSpec]) -> Iterator[RunSpec]:
    """Yield runs; a schedule with few dates soon asks for one after the year 9999."""
    try:
        yield from runs
    except OverflowError:
        return


def _changed(graph: SerializedDag, schedule: str | None, catchup: str | None) -> SerializedDag:
    timetable, makes_up = graph.timetable, graph.catchup
    try:
        if schedule is not None:
            timetable = from_schedule(schedule, graph.timezone)
        if catchup is not None:
            makes_up = as_catchup(graph.dag_id, catchup)
    except TradewindException as error:
        raise InvalidError("schedule", str(error), error_id="schedule-invalid") from error
    return replace(graph, timetable=timetable, catchup=makes_up)


def _planned(connection: sa.Connection, graphs: Graphs, dag_id: str) -> tuple[SerializedDag, RunSpec | None]:
    """Return a DAG's newest version, and the run that is stored as its next."""
    plan = schedules.plan(connection, dag_id)
    graph = known_listing(connection, cast("SerializedDag", graphs.get(connection, plan.version_id)))
    stored = None if plan.next_run is None or plan.due_at is None else from_columns(plan.next_run, plan.due_at)
    return graph, stored


def _why_none(graph: SerializedDag) -> str:
    if graph.timetable.kind == "assets":
        return f"it runs when there is {graph.timetable.summary}."
    if graph.timetable.kind == "none":
        return "it has no schedule."
    if graph.start_date is None:
        return "it has no start_date."
    return f"its schedule ({graph.timetable.summary}) is over" + (f" at {graph.end_date}." if graph.end_date else ".")

"""Which runs a DAG's schedule makes next: shown, not made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import cast

import sqlalchemy as sa

from tradewind.metadata.statements import schedules
from tradewind.operations.context import Context, operation
from tradewind.operations.finding import require_dag
from tradewind.serialization import SerializedDag
from tradewind.timetables import RunSpec
from tradewind.transitions.calendar import coming_runs, from_columns
from tradewind.transitions.graph import Graphs
from tradewind.transitions.listings import known_listing


@dataclass(frozen=True, slots=True)
class ComingRuns:
    """The coming runs, the next first; none is made while the DAG is paused."""

    dag_id: str
    is_paused: bool
    runs: Sequence[RunSpec]
    now: datetime


@operation("dags.next_runs")
def list_coming_runs(context: Context, *, dag_id: str, number: int = 10) -> ComingRuns:
    """Return the runs that a DAG's schedule makes next.

    Arguments:
        number: how many.
    Raises:
        NotFoundError: there is no such DAG.
    """
    now = context.tools.clock.now()
    with context.read() as connection:
        row = require_dag(connection, dag_id)
        graph, stored = planned(connection, context.tools.graphs, dag_id)
    return ComingRuns(
        dag_id, row.is_paused, list(islice(_until_the_calendar_ends(coming_runs(graph, stored, now)), number)), now
    )


def _until_the_calendar_ends(runs: Iterator[RunSpec]) -> Iterator[RunSpec]:
    """Yield runs; a schedule with few dates soon asks for one after the year 9999."""
    try:
        yield from runs
    except OverflowError:
        return


def planned(connection: sa.Connection, graphs: Graphs, dag_id: str) -> tuple[SerializedDag, RunSpec | None]:
    """Return a DAG's newest version, and the run that is stored as its next."""
    plan = schedules.plan(connection, dag_id)
    graph = known_listing(connection, cast("SerializedDag", graphs.get(connection, plan.version_id)))
    stored = None if plan.next_run is None or plan.due_at is None else from_columns(plan.next_run, plan.due_at)
    return graph, stored

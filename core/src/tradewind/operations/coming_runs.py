"""Which runs a DAG's schedule makes next: shown, not made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from tradewind.metadata.statements import schedules
from tradewind.operations.context import Context, operation
from tradewind.operations.finding import graph_of, require_dag
from tradewind.timetables import RunSpec
from tradewind.transitions.calendar import coming_runs, from_columns
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
        plan = schedules.plan(connection, dag_id)
        graph = known_listing(connection, graph_of(context, connection, plan.version_id))
    stored = None if plan.next_run is None or plan.due_at is None else from_columns(plan.next_run, plan.due_at)
    return ComingRuns(dag_id, row.is_paused, list(islice(coming_runs(graph, stored, now), number)), now)

"""Making the run of a DAG whose time has come."""

from __future__ import annotations

from typing import cast

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import parsing, schedules
from tradewind.metrics.catalogue import SCHEDULE_DELAY
from tradewind.metrics.recording import observe
from tradewind.scheduling.settings import Settings
from tradewind.transitions.calendar import ScheduledGraph, current_run, from_columns, next_run, to_columns
from tradewind.transitions.graph import Graphs
from tradewind.transitions.listings import known_listing
from tradewind.transitions.runs import create_run


def make_due_run(
    conn: sa.Connection, dag_id: str, *, graphs: Graphs, clock: Clock, ids: Ids, settings: Settings
) -> int | None:
    """Make the due run of a DAG and write which one comes next; None when another scheduler is doing so, or did.

    Without catchup, what a stop of the scheduler or a pause has missed is passed over, up to the latest complete
    interval.
    """
    now = clock.now()
    due = schedules.lock_due_dag(conn, dag_id, now=now)
    if due is None:
        return None
    graph = cast("ScheduledGraph", graphs.get(conn, due.version_id))
    graph = known_listing(conn, graph)
    spec = None if due.next_run is None else current_run(graph, from_columns(due.next_run, due.due_at), now)
    if spec is None or spec.run_at > now:
        schedules.set_next_run(conn, dag_id, **to_columns(spec))
        return None
    run_id = f"scheduled__{spec.logical_date.isoformat()}"
    run = None
    if not schedules.has_run_of_date(conn, dag_id, run_id, spec.logical_date):
        run = create_run(
            conn,
            version_id=due.version_id,
            graph=graph,
            run_id=run_id,
            run_type="scheduled",
            logical_date=spec.logical_date,
            data_interval_start=spec.data_interval_start,
            data_interval_end=spec.data_interval_end,
            conf={},
            triggered_by="scheduler",
            clock=clock,
            ids=ids,
            executor=settings.executor,
            queue=settings.queue,
        )
        observe(SCHEDULE_DELAY, (now - spec.run_at).total_seconds(), dag_id=dag_id)
    schedules.set_next_run(
        conn,
        dag_id,
        **to_columns(next_run(graph, after=spec.data_interval_end, start=spec.data_interval_start, now=now)),
    )
    return run


def go_on_behind_history(conn: sa.Connection, dag_id: str, *, graphs: Graphs, clock: Clock) -> None:
    """Have a DAG that took over another one's runs go on behind the last scheduled one: what was deleted is not made again."""
    last = parsing.last_interval(conn, dag_id)
    if last is None:
        return
    graph = cast("ScheduledGraph", graphs.get(conn, schedules.plan(conn, dag_id).version_id))
    spec = next_run(known_listing(conn, graph), after=last[1], start=last[0], now=clock.now())
    schedules.set_next_run(conn, dag_id, **to_columns(spec))

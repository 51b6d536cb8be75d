"""Plots of a DAG: a calendar, durations and landing times, and the Gantt of a run. What they draw are feeds."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from tradewind.metadata.columns import EPOCH
from tradewind.metadata.statements.browsing import plots
from tradewind.metadata.statements.browsing.instances import InstanceFilter
from tradewind.metadata.statements.browsing.parts import Between
from tradewind.operations.context import Context, operation
from tradewind.operations.dags.reading import get_dag
from tradewind.operations.finding import require_dag, run_of
from tradewind.operations.paging import Paging
from tradewind.operations.task_instances.reading import list_instances
from tradewind.web.pages.filters import CalendarQuery, TimesQuery
from tradewind.web.pages.page import Feed, Page
from tradewind.web.pages.words import microseconds

MOST_TASKS = 25
"""Tasks that are named among the slowest."""
RUNS_OF_TASKS = 50
"""Runs over which tasks are compared at most."""
MOST_BARS = 500
"""Task instances that a Gantt shows at most, the first to begin."""


@operation("runs.list")
def dag_calendar(context: Context, *, dag_id: str, year: int | None) -> dict[str, Any]:
    """Return what stands above a DAG's calendar; the days are a feed."""
    view = get_dag(context, dag_id=dag_id)
    with context.read() as connection:
        first, last = plots.years(connection, dag_id)
    now = context.tools.clock.now()
    return {
        "dag": view,
        "year": year or now.year,
        "first_year": (first or now).year,
        "last_year": max((last or now).year, now.year),
        "tab": "calendar",
    }


@operation("runs.list")
def dag_days(context: Context, *, dag_id: str, year: int | None) -> dict[str, Any]:
    """Return how many runs each day of a year had in which state; days count from 1970."""
    chosen = year or context.tools.clock.now().year
    first = datetime(chosen, 1, 1, tzinfo=timezone.utc)
    last = datetime(chosen + 1, 1, 1, tzinfo=timezone.utc) - timedelta(microseconds=1)
    with context.read() as connection:
        require_dag(connection, dag_id)
        found = plots.days(connection, dag_id, first, last)
    days: dict[int, dict[str, int]] = {}
    for day, state, number in found:
        days.setdefault(day, {})[state] = number
    is_cut = sum(number for _, _, number in found) >= plots.MOST_COUNTED
    return {"year": chosen, "first": (first - EPOCH).days, "last": (last - EPOCH).days, "days": days, "is_cut": is_cut}


@operation("task_instances.list")
def dag_durations(context: Context, *, dag_id: str, most_runs: int, task_id: str | None) -> dict[str, Any]:
    """Return what stands above the plots of times, and the slowest tasks; the plots are a feed."""
    view = get_dag(context, dag_id=dag_id)
    with context.read() as connection:
        runs = plots.last_runs(connection, dag_id, most=min(most_runs, RUNS_OF_TASKS))
        tasks = plots.slowest_tasks(connection, [run.id for run in runs], most=MOST_TASKS)
    return {
        "dag": view,
        "tasks": tasks,
        "of_runs": len(runs),
        "most_runs": most_runs,
        "task_id": task_id,
        "tab": "durations",
    }


@operation("task_instances.list")
def dag_times(context: Context, *, dag_id: str, most_runs: int, task_id: str | None) -> dict[str, Any]:
    """Return how long a DAG's last runs waited and took, and how long after their data were due they ended, in seconds.

    With a task: how long that took in each of them, from its first instance's start to the last one's end.
    """
    with context.read() as connection:
        require_dag(connection, dag_id)
        runs = plots.last_runs(connection, dag_id, most=most_runs)
        of_task = plots.times_of_task(connection, [run.id for run in runs], task_id) if task_id else []
    tasks = {row.run: row for row in of_task}
    return {"runs": [_times(run, tasks.get(run.id) if task_id else run) for run in runs], "task_id": task_id}


def _times(run: Any, timed: Any) -> dict[str, Any]:
    """Return the times of a run, or of a task in it; what has not begun or ended has none."""
    began, ended = (None, None) if timed is None else (timed.started_at, timed.ended_at)
    due = run.data_interval_end or run.queued_at
    return {
        "run_id": run.run_id,
        "state": run.state,
        "date": microseconds(run.logical_date or run.queued_at),
        "waited": _seconds(run.queued_at, run.started_at),
        "took": _seconds(began, ended),
        "landed": _seconds(due, ended),
    }


def _seconds(first: datetime | None, last: datetime | None) -> float | None:
    return None if first is None or last is None else (last - first).total_seconds()


@operation("task_instances.list")
def run_gantt(context: Context, *, dag_id: str, run_id: str) -> dict[str, Any]:
    """Return what stands above the Gantt of a run; the bars are a feed."""
    with context.read() as connection:
        return {"dag_id": dag_id, "run": run_of(connection, dag_id, run_id)}


@operation("task_instances.list")
def run_bars(context: Context, *, dag_id: str, run_id: str) -> dict[str, Any]:
    """Return when the tasks of a run were queued, began and ended, in microseconds since 1970, the first to begin first."""
    with context.read() as connection:
        run = run_of(connection, dag_id, run_id)
    has_begun = InstanceFilter(started=Between(EPOCH))
    found = list_instances(
        context, page=Paging(MOST_BARS, 0, "start_date"), wanted=has_begun, dag_id=dag_id, run_id=run_id
    )
    return {
        "now": microseconds(context.tools.clock.now()),
        "start": microseconds(run.started_at),
        "end": microseconds(run.ended_at),
        "total": found.total,
        # Task, index, state, try, and the moments
        "bars": [
            [
                each.row.task_id,
                each.row.map_index,
                each.state,
                each.try_number,
                microseconds(each.row.queued_at),
                microseconds(each.started_at),
                microseconds(each.ended_at),
            ]
            for each in found.rows
        ],
    }


PAGES = (
    Page("/dags/{dag_id}/calendar", dag_calendar, "dag_calendar.html", query=CalendarQuery),
    Page("/dags/{dag_id}/durations", dag_durations, "dag_durations.html", query=TimesQuery),
    Page("/dags/{dag_id}/gantt/of/{dag_run_id}", run_gantt, "run_gantt.html"),
)
FEEDS = (
    Feed("/dags/{dag_id}/days.json", dag_days, query=CalendarQuery),
    Feed("/dags/{dag_id}/times.json", dag_times, query=TimesQuery),
    Feed("/dags/{dag_id}/bars/of/{dag_run_id}", run_bars),
)

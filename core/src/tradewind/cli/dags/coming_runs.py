"""Which runs are to come, and what unpausing a DAG or changing its schedule would make: shown, not done."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from itertools import islice, takewhile
from typing import Any

import sqlalchemy as sa
from tradewind_plugins.exceptions import TradewindException

from tradewind.authoring.dag_arguments import as_catchup
from tradewind.cli.errors import CommandError
from tradewind.cli.shared.finding import find_dag
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import Session, open_session
from tradewind.cli.shared.values import positive
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements import listings, schedules
from tradewind.operations.coming_runs import planned
from tradewind.serialization import SerializedDag
from tradewind.timetables import RunSpec, from_schedule
from tradewind.transitions.calendar import coming_runs, next_run
from tradewind.transitions.loading import open_graphs

MOST_AT_ONCE = 10_000
SHOWN = 5


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    parser = verbs.add("next-runs", show_next_runs)
    parser.add_argument("dag_id")
    parser.add_argument("-n", "--number", type=positive, default=10, help="how many (default: 10)")
    parser.add_argument(
        "--schedule", metavar="SCHEDULE", help="as if this were its schedule: a cron expression or a preset"
    )
    parser.add_argument("--catchup", choices=("all", "latest", "none"), help="as if the DAG had this word for catchup")
    add_output_option(parser)
    parser.add_argument("--json", action="store_const", const="json", dest="output", help="the same as -o json")


def show_next_runs(options: argparse.Namespace) -> int:
    """Show the coming runs of a DAG's schedule, or of another one, and whether each is due now; makes none.

    Exit code 1 if there are none.
    """
    now = datetime.now(timezone.utc)
    with open_session() as session, session.database.read() as connection:
        row = find_dag(connection, options.dag_id)
        graph, stored = _planned(session, connection, options.dag_id)
        if options.schedule is not None or options.catchup is not None:
            last = listings.last_scheduled_interval_end(connection, options.dag_id)
            graph = _changed(graph, options)
            makes_up = graph.catchup is True or options.schedule is None
            stored = next_run(graph, after=last, now=now, makes_up=makes_up)
    rows = [_row(each, now) for each in islice(coming_runs(graph, stored, now), options.number)]
    print_rows(rows, options.output, empty=f"{options.dag_id} has no coming runs: {why_none(graph)}")
    if row.is_paused and rows:
        print(f"{options.dag_id} is paused: none is made before `tradewind dags unpause`.", file=sys.stderr)
    return 0 if rows else 1


def _planned(session: Session, connection: sa.Connection, dag_id: str) -> tuple[SerializedDag, RunSpec | None]:
    return planned(connection, open_graphs(session.config.plugins.codec), dag_id)


def _changed(graph: SerializedDag, options: argparse.Namespace) -> SerializedDag:
    timetable, catchup = graph.timetable, graph.catchup
    try:
        if options.schedule is not None:
            timetable = from_schedule(options.schedule, graph.timezone)
        if options.catchup is not None:
            catchup = as_catchup(graph.dag_id, options.catchup)
    except TradewindException as error:
        raise CommandError(str(error), exit_code=2, error_id="schedule-invalid") from error
    return replace(graph, timetable=timetable, catchup=catchup)


def _row(run: RunSpec, now: datetime) -> dict[str, Any]:
    return {
        "runs_at": "at once" if run.run_at <= now else run.run_at,
        "logical_date": run.logical_date,
        "data_interval_start": run.data_interval_start,
        "data_interval_end": run.data_interval_end,
    }


def preview(session: Session, dag_ids: Sequence[str], output: str) -> None:
    """Show what unpausing DAGs would make at once, and when the next run after that would come."""
    now = datetime.now(timezone.utc)
    with session.database.read() as connection:
        rows = [_preview_row(session, connection, dag_id, now) for dag_id in dag_ids]
    if output != "table":
        print_rows(rows, output)
        return
    for row in rows:
        print(_sentence(row))


def _preview_row(session: Session, connection: sa.Connection, dag_id: str, now: datetime) -> dict[str, Any]:
    find_dag(connection, dag_id)
    graph, stored = _planned(session, connection, dag_id)
    runs = coming_runs(graph, stored, now)
    made = list(islice(_at_once(runs, now), MOST_AT_ONCE))
    following = next((each for each in islice(coming_runs(graph, stored, now), len(made), None)), None)
    waiting, queued = schedules.waiting_of(connection, dag_id)
    return {
        "dag_id": dag_id,
        "made_at_once": len(made),
        "logical_dates": [each.logical_date.isoformat() for each in made[:SHOWN]],
        "last": made[-1].logical_date if made else None,
        "next": None if following is None else following.run_at,
        "queued_runs": queued,
        "asset_events": waiting,
    }


def _at_once(runs: Iterator[RunSpec], now: datetime) -> Iterator[RunSpec]:
    return takewhile(lambda run: run.run_at <= now, runs)


def _sentence(row: dict[str, Any]) -> str:
    count = row["made_at_once"]
    more = "at least " if count == MOST_AT_ONCE else ""
    made = f"makes {more}{count} run{'s' if count != 1 else ''} at once" if count else "makes no run at once"
    if count:
        dates = ", ".join(row["logical_dates"])
        made += f" ({dates}{' …' if count > SHOWN else ''})"
    parts = [f"Unpausing {row['dag_id']} {made}"]
    if row["queued_runs"]:
        parts.append(f"starts {row['queued_runs']} that wait")
    if row["asset_events"]:
        parts.append(f"looks at {row['asset_events']} events of assets")
    following = "and none comes after" if row["next"] is None else f"the next comes at {row['next'].isoformat()}"
    return f"{', '.join([*parts, following])}. Nothing was changed."


def why_none(graph: SerializedDag) -> str:
    """Return why a DAG has no coming runs."""
    if graph.timetable.kind == "assets":
        return f"it runs when there is {graph.timetable.summary}."
    if graph.timetable.kind == "none":
        return "it has no schedule."
    if graph.start_date is None:
        return "it has no start_date."
    return f"its schedule ({graph.timetable.summary}) is over" + (f" at {graph.end_date}." if graph.end_date else ".")

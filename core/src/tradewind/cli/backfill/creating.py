"""`tradewind backfill create`: ask for runs over a range of dates, and watch them."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from rich.console import Console
from tradewind_plugins.exceptions import TradewindException

from tradewind.cli.errors import CommandError
from tradewind.cli.runs.following import LOOK_SECONDS, progress_bar
from tradewind.cli.shared.finding import find_dag
from tradewind.cli.shared.graphs import read_graph
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import Session, open_session
from tradewind.cli.shared.values import instant, json_object, positive
from tradewind.cli.shared.waking import wake_schedulers
from tradewind.cli.verbs import Verbs
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import backfills as statements
from tradewind.metadata.statements.backfills import OPEN, PENDING
from tradewind.timetables import RunSpec
from tradewind.transitions import backfills
from tradewind.transitions.backfills import BackfillGraph, Wanted
from tradewind.transitions.states import RunState

STATES_AT_WORK = frozenset({backfills.RUNNING, backfills.PAUSED})


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb of `tradewind backfill`."""
    verb = verbs.add("create", create)
    add_shared(verb)
    verb.add_argument(
        "--reprocess",
        choices=backfills.REPROCESS,
        default=backfills.NONE,
        help="of dates that have a run, run again: none (the default), those that failed, all that ended",
    )
    verb.add_argument("--wait", action="store_true", help="show progress until it ends; exit code 1 if a run failed")


def add_shared(verb: argparse.ArgumentParser) -> None:
    """Declare the arguments that both commands have."""
    verb.add_argument("dag_id")
    verb.add_argument("-s", "--start-date", type=instant, required=True, help="logical dates from this one on")
    verb.add_argument("-e", "--end-date", type=instant, help="logical dates up to this one (default: the first one)")
    verb.add_argument("-c", "--conf", type=json_object, default={}, help="JSON object: the runs' conf and params")
    verb.add_argument("-B", "--run-backwards", action="store_true", help="the latest date first")
    verb.add_argument("--max-active-runs", type=positive, help="runs at once (default: the DAG's own max_active_runs)")
    verb.add_argument("-n", "--dry-run", action="store_true", help="show the dates and what would become of each")
    add_output_option(verb)


def create(options: argparse.Namespace) -> int:
    """Have the runs made that a DAG's schedule has over a range of dates; schedulers make a few at a time.

    They start though the DAG is paused, and count against their own limit, not the DAG's.
    """
    return make(options, reprocess=options.reprocess, waits=options.wait)


def make(options: argparse.Namespace, *, reprocess: str, waits: bool) -> int:
    """Make a backfill as the options say, or only show its dates; return the exit code."""
    last = options.end_date or options.start_date
    with open_session(changes_states=True) as session:
        with session.database.read() as connection:
            row = find_dag(connection, options.dag_id)
            graph = cast(BackfillGraph, read_graph(session, connection, row.version_id))
            specs = _specs(graph, options, last)
            if options.dry_run:
                print_rows(_plan(connection, graph, specs, reprocess, options), options.output)
                return 0
        wanted = Wanted(
            options.start_date,
            last,
            options.max_active_runs or graph.max_active_runs,
            is_reverse=options.run_backwards,
            reprocess=reprocess,
            conf=options.conf,
        )
        key = _add(session, options.dag_id, wanted, specs)
        wake_schedulers(session)
        _say(key, len(specs), options)
        return _follow(session, key) if waits else 0


def _specs(graph: BackfillGraph, options: argparse.Namespace, last: Any) -> list[RunSpec]:
    try:
        return backfills.specs_between(graph, options.start_date, last)
    except TradewindException as error:
        raise CommandError(str(error), error_id="backfill-without-dates") from error


def _add(session: Session, dag_id: str, wanted: Wanted, specs: list[RunSpec]) -> int:
    clock = SystemClock()
    ids = RandomIds(clock.now)
    try:
        return session.database.write(lambda c: backfills.add(c, dag_id, wanted, specs, clock=clock, ids=ids))
    except TradewindException as error:
        raise CommandError(str(error), error_id="backfill-at-work") from error


def _plan(
    connection: sa.Connection,
    graph: BackfillGraph,
    specs: Sequence[RunSpec],
    reprocess: str,
    options: argparse.Namespace,
) -> list[dict[str, Any]]:
    """Return a row for each date: what its run would be, by the rule that the schedulers go by."""
    rows = []
    for spec in reversed(specs) if options.run_backwards else specs:
        found = statements.newest_run(connection, graph.dag_id, spec.logical_date)
        rows.append(
            {
                "logical_date": spec.logical_date,
                "becomes": backfills.becomes(found, reprocess),
                "run_id": None if found is None else found.run_id,
                "state": None if found is None else found.state,
            }
        )
    return rows


def _say(key: int, count: int, options: argparse.Namespace) -> None:
    if options.output == "table":
        dates = "1 date" if count == 1 else f"{count} dates"
        print(f"Backfill {key} of {options.dag_id} is made: {dates}. `tradewind backfill details {key}` shows them.")
    else:
        print_rows([{"id": key, "dag_id": options.dag_id, "dates": count}], options.output)


def _follow(session: Session, key: int) -> int:
    console = Console(markup=False, highlight=False, soft_wrap=True, stderr=True)
    with progress_bar(console) as progress:
        bar = progress.add_task("waiting")
        while True:
            with session.database.read() as connection:
                found = statements.get(connection, key)
                counts = statements.counts(connection, [key])[key]
            if found is None:
                raise CommandError(f"Backfill {key} was deleted while it was watched.", error_id="no-such-backfill")
            total = sum(counts.values())
            ended = total - counts.get(PENDING, 0) - counts.get(OPEN, 0)
            progress.update(bar, total=total, completed=ended, description=found.state)
            if found.state not in STATES_AT_WORK:
                break
            time.sleep(LOOK_SECONDS)
    failed = counts.get(RunState.FAILED, 0)
    console.print(f"Backfill {key}: {found.state}, {ended} of {total} dates are done, {failed} failed.")
    return 0 if found.state == RunState.SUCCESS else 1

"""`tradewind backfill create`: ask for runs over a range of dates, and watch them."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from rich.console import Console

from tradewind.cli.runs.following import look_seconds, progress_bar
from tradewind.cli.shared.naming import ask_of_dag
from tradewind.cli.shared.operating import Operations, open_operations, when_missing
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.values import instant, json_object, positive
from tradewind.cli.verbs import Verbs
from tradewind.operations import backfills as operation
from tradewind.operations.backfills import Planned
from tradewind.transitions import backfills
from tradewind.transitions.states import RunState

STATES_AT_WORK = frozenset({backfills.RUNNING, backfills.PAUSED})


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb of `tradewind backfill`."""
    verb = verbs.add("create", create, remote=True)
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
    with open_operations(options, changes_states=True) as operations:
        created = ask_of_dag(
            operations,
            operation.create_backfill,
            dag_id=options.dag_id,
            first_date=options.start_date,
            last_date=options.end_date,
            conf=options.conf,
            max_active_runs=options.max_active_runs,
            is_reverse=options.run_backwards,
            reprocess=reprocess,
            dry_run=options.dry_run,
            most=None,
        )
        if created.made is None:
            print_rows([_planned(each) for each in created.dates], options.output)
            if len(created.dates) < created.total:  # a server tells of so many
                print(f"These are the first {len(created.dates)} of {created.total} dates.", file=sys.stderr)
            return 0
        key = created.made.backfill.id
        _say(key, created.made.total, options)
        return _follow(operations, options.dag_id, key, look_seconds(options)) if waits else 0


def _planned(date: Planned) -> dict[str, Any]:
    return {
        "logical_date": date.logical_date,
        "becomes": date.becomes,
        "run_id": date.run_id,
        "state": date.state,
    }


def _say(key: int, count: int, options: argparse.Namespace) -> None:
    if options.output == "table":
        dates = "1 date" if count == 1 else f"{count} dates"
        print(f"Backfill {key} of {options.dag_id} is made: {dates}. `tradewind backfill details {key}` shows them.")
    else:
        print_rows([{"id": key, "dag_id": options.dag_id, "dates": count}], options.output)


def _follow(operations: Operations, dag_id: str, key: int, seconds: float) -> int:
    console = Console(markup=False, highlight=False, soft_wrap=True, stderr=True)
    gone = f"Backfill {key} was deleted while it was watched."
    with progress_bar(console) as progress:
        bar = progress.add_task("waiting")
        while True:
            with when_missing(gone, "no-such-backfill"):
                found = operations.ask(operation.get_backfill, dag_id=dag_id, key=key)
            state = found.backfill.state
            progress.update(bar, total=found.total, completed=found.ended, description=state)
            if state not in STATES_AT_WORK:
                break
            time.sleep(seconds)
    failed = found.counts.get(RunState.FAILED, 0)
    console.print(f"Backfill {key}: {state}, {found.ended} of {found.total} dates are done, {failed} failed.")
    return 0 if state == RunState.SUCCESS else 1

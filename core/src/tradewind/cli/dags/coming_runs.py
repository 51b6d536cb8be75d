"""Which runs are to come, and what unpausing a DAG or changing its schedule would make: shown, not done."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from tradewind.cli.errors import WRONG_USAGE, CommandError
from tradewind.cli.shared.naming import ask_of_dag
from tradewind.cli.shared.operating import Operations, open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.values import positive
from tradewind.cli.verbs import Verbs
from tradewind.operations.coming_runs import MOST_AT_ONCE, SHOWN, list_coming_runs, preview_unpausing
from tradewind.operations.errors import InvalidError


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    parser = verbs.add("next-runs", show_next_runs, remote=True)
    parser.add_argument("dag_id")
    parser.add_argument("-n", "--number", type=positive, default=10, help="how many (default: 10)")
    parser.add_argument(
        "--schedule", metavar="SCHEDULE", help="as if this were its schedule: a cron expression or a preset"
    )
    parser.add_argument("--catchup", choices=("all", "latest", "none"), help="as if the DAG had this word for catchup")
    add_output_option(parser)
    parser.add_argument("--json", action="store_const", const="json", dest="output", help="the same as -o json")
    upcoming = verbs.add("next-execution", next_execution, remote=True)
    upcoming.add_argument("dag_id")
    upcoming.add_argument("-n", "--num-executions", type=positive, default=1, help="how many (default: 1)")
    add_output_option(upcoming)


def show_next_runs(options: argparse.Namespace) -> int:
    """Show the coming runs of a DAG's schedule, or of another one, and whether each is due now; makes none.

    Exit code 1 if there are none.
    """
    asked = {"number": options.number, "schedule": options.schedule, "catchup": options.catchup}
    return _show(options, asked, "coming runs", at_once="at once")


def next_execution(options: argparse.Namespace) -> int:
    """Show the runs that the schedule will make next; exit code 1 if there are none."""
    return _show(options, {"number": options.num_executions, "is_anew": True}, "next run")


def _show(options: argparse.Namespace, asked: dict[str, Any], what: str, *, at_once: str | None = None) -> int:
    """Show coming runs; `at_once` stands in place of the moment of those that are due."""
    with open_operations(options) as operations:
        try:
            found = ask_of_dag(operations, list_coming_runs, dag_id=options.dag_id, **asked)
        except InvalidError as error:
            kind = WRONG_USAGE if error.error_id == InvalidError.default_id else error.error_id
            raise CommandError(str(error), exit_code=2, error_id=kind) from error
    rows = [
        {
            "runs_at": at_once if at_once is not None and each.run_at <= found.now else each.run_at,
            "logical_date": each.logical_date,
            "data_interval_start": each.data_interval_start,
            "data_interval_end": each.data_interval_end,
        }
        for each in found.runs
    ]
    print_rows(rows, options.output, empty=f"{options.dag_id} has no {what}: {found.why_none}")
    if found.is_paused and rows:
        print(f"{options.dag_id} is paused: none is made before `tradewind dags unpause`.", file=sys.stderr)
    return 0 if rows else 1


def preview(operations: Operations, dag_ids: Sequence[str], output: str) -> None:
    """Show what unpausing DAGs would make at once, and when the next run after that would come."""
    rows = [_preview_row(operations, dag_id) for dag_id in dag_ids]
    if output != "table":
        print_rows(rows, output)
        return
    for row in rows:
        print(_sentence(row))


def _preview_row(operations: Operations, dag_id: str) -> dict[str, Any]:
    found = ask_of_dag(operations, preview_unpausing, dag_id=dag_id)
    return {
        "dag_id": dag_id,
        "made_at_once": found.made_at_once,
        "logical_dates": [each.isoformat() for each in found.logical_dates],
        "last": found.last_date,
        "next": found.next_at,
        "queued_runs": found.queued_runs,
        "asset_events": found.asset_events,
    }


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

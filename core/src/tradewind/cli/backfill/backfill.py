"""Backfills: runs over a range of past dates, made by the schedulers under a limit of their own."""

from __future__ import annotations

import argparse
from typing import Any

from tradewind.cli.backfill.finding import find_backfill
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements import backfills as statements
from tradewind.operations import backfills
from tradewind.operations.backfills import Progress


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    # What makes one reads the DAG's version: the other verbs need not wait for it
    verbs.elsewhere(
        {"create": "Have the runs made that a DAG's schedule has over a range of dates."},
        "tradewind.cli.backfill.creating",
    )
    listed = verbs.add("list", list_backfills, remote=True)
    listed.add_argument("-d", "--dag-id", help="of this DAG only")
    add_output_option(listed)
    details = verbs.add("details", details_of_backfill, remote=True)
    details.add_argument("backfill_id", type=int)
    add_output_option(details)
    verbs.elsewhere(
        {
            "pause": "Make no further runs of a backfill; those under way go on.",
            "unpause": "Let a paused backfill go on.",
            "cancel": "End a backfill: dates that have no run yet get none; runs under way go on.",
        },
        "tradewind.cli.backfill.changing",
    )


def list_backfills(options: argparse.Namespace) -> None:
    """List backfills with their progress, the newest first."""
    with open_operations(options) as operations:
        found = operations.ask_all(backfills.list_backfills, dag_id=options.dag_id)
    print_rows(
        [_row(each) for each in found],
        options.output,
        empty="No backfills yet: tradewind backfill create DAG_ID -s FIRST_DATE -e LAST_DATE",
    )


def details_of_backfill(options: argparse.Namespace) -> None:
    """List the dates of a backfill, with the run of each as far as there is one."""
    with open_operations(options) as operations:
        dag_id = find_backfill(operations, options.backfill_id).dag_id
        dates = operations.ask_all(backfills.list_dates, dag_id=dag_id, key=options.backfill_id)
    rows = [
        {
            "logical_date": each.logical_date,
            "state": each.state if each.run_state is None or each.state == statements.SKIPPED else each.run_state,
            "run_id": each.run_id,
        }
        for each in dates
    ]
    print_rows(rows, options.output)


def _row(progress: Progress) -> dict[str, Any]:
    backfill = progress.backfill
    return {
        "id": backfill.id,
        "dag_id": backfill.dag_id,
        "first_date": backfill.first_date,
        "last_date": backfill.last_date,
        "state": backfill.state,
        "done": f"{progress.ended} of {progress.total}",
        "failed": progress.counts.get("failed", 0),
        "created": backfill.created_at,
    }

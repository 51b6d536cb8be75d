"""Deadlines: `dagrun_timeout` of DAGs and `sla` of tasks, which were missed and which are to come."""

from __future__ import annotations

import argparse
from datetime import timedelta

from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.operations import deadlines
from tradewind.operations.paging import Paging


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    listed = verbs.add("list", list_deadlines, remote=True)
    listed.add_argument("-d", "--dag-id", metavar="DAG_ID", help="of this DAG only")
    listed.add_argument("--missed", action="store_true", help="only those that were missed")
    listed.add_argument("--limit", type=int, default=100, metavar="N", help="shown at most (default: 100)")
    add_output_option(listed)


def list_deadlines(options: argparse.Namespace) -> None:
    """List deadlines of runs: those that were missed, the newest first, then those to come."""
    with open_operations(options) as operations:
        found = operations.ask_all(
            deadlines.list_deadlines,
            dag_id=options.dag_id,
            is_missed=options.missed,
            page=Paging(limit=options.limit),
        )
    rows = [
        {
            "dag_id": row.dag_id,
            "run_id": row.run_id,
            "deadline": row.kind,
            "task_id": row.task_id or None,
            "allowed": str(timedelta(seconds=row.seconds)),
            "due_at": row.due_at,
            "missed_at": row.missed_at,
        }
        for row in found
    ]
    print_rows(rows, options.output)

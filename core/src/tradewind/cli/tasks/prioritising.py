"""`tradewind tasks set-priority`: what waits goes before others, or after them."""

from __future__ import annotations

import argparse
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.finding import add_run_argument
from tradewind.cli.shared.naming import find_run
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.operations import priorities
from tradewind.operations.errors import NotFoundError
from tradewind.operations.task_instances.clearing import list_task_ids


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add("set-priority", run_set_priority, remote=True)
    verb.add_argument("dag_id")
    add_run_argument(verb)
    verb.add_argument("priority", type=int, help="higher goes first; the weight rule is not applied to it")
    verb.add_argument(
        "-t",
        "--task-id",
        action="append",
        help="of this task only; may be given several times (default: of all that have not ended)",
    )
    verb.add_argument(
        "--map-index",
        type=int,
        action="append",
        help="only this instance of a mapped task, from 0; may be given several times",
    )
    add_output_option(verb)


def run_set_priority(options: argparse.Namespace) -> None:
    """Change the priority of a run's tasks that have not ended; what waits moves at once.

    It holds for this run: new runs have the priorities that the DAG's file gives.
    """
    with open_operations(options, changes_states=True) as operations:
        run = find_run(operations, options.dag_id, options.execution_date_or_run_id)
        try:
            changed = operations.ask(
                priorities.prioritise_run,
                dag_id=run.dag_id,
                run_id=run.run_id,
                priority=options.priority,
                task_ids=options.task_id,
                map_indexes=options.map_index,
            )
        except NotFoundError as error:
            known = set(operations.ask(list_task_ids, dag_id=run.dag_id, run_ids=[run.run_id]).task_ids)
            wrong = next((name for name in options.task_id or () if name not in known), None)
            if wrong is None:
                raise
            raise CommandError(_no_task(wrong, run, known), error_id="no-such-task") from error
    rows = [
        {
            "task_id": row.task_id,
            "map_index": row.map_index if row.map_index >= 0 else None,
            "state": row.state,
            "priority": options.priority,
            "before": row.priority,
        }
        for row in changed.rows
    ]
    ended = f" {changed.ended} have ended already." if changed.ended else ""
    print_rows(rows, options.output, empty=f"Nothing of run {run.run_id} that waits has another priority.{ended}")


def _no_task(name: str, run: Any, known: set[str]) -> str:
    near = did_you_mean(name, known) or ":"
    way = f"`tradewind tasks states-for-dag-run {run.dag_id} {run.run_id}`"
    return f"Run {run.run_id!r} of DAG {run.dag_id!r} has no task {name!r}{near} {way} shows its tasks."

"""`tradewind tasks set-priority`: what waits goes before others, or after them."""

from __future__ import annotations

import argparse

from tradewind.cli.errors import CommandError
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.finding import add_run_argument, find_run
from tradewind.cli.shared.operating import beside
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements import listings
from tradewind.operations import priorities


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add("set-priority", run_set_priority)
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
    with open_session(changes_states=True) as session, beside(session) as operations:
        with session.database.read() as connection:
            run = find_run(connection, options.dag_id, options.execution_date_or_run_id)
            known = {each.task_id for each in listings.list_tasks(connection, run.id)}
        for name in options.task_id or ():
            if name not in known:
                raise CommandError(_no_task(name, run, known), error_id="no-such-task")
        changed = operations.ask(
            priorities.prioritise_run,
            dag_id=run.dag_id,
            run_id=run.run_id,
            priority=options.priority,
            task_ids=options.task_id,
            map_indexes=options.map_index,
        )
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


def _no_task(name: str, run: listings.RunRow, known: set[str]) -> str:
    near = did_you_mean(name, known) or ":"
    way = f"`tradewind tasks states-for-dag-run {run.dag_id} {run.run_id}`"
    return f"Run {run.run_id!r} of DAG {run.dag_id!r} has no task {name!r}{near} {way} shows its tasks."

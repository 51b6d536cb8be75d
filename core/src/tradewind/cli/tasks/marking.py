"""`tradewind tasks mark`: people say how a task has ended."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tradewind.cli.errors import CommandError
from tradewind.cli.parser import did_you_mean
from tradewind.cli.runs.marking import add_marking_options, is_agreed, say
from tradewind.cli.runs.selecting import add_neighbour_options, in_parts, naming_dateless
from tradewind.cli.shared.finding import add_run_argument
from tradewind.cli.shared.naming import find_run
from tradewind.cli.shared.operating import Operations, open_operations
from tradewind.cli.verbs import Verbs
from tradewind.operations.errors import NotFoundError
from tradewind.operations.task_instances import marking
from tradewind.operations.task_instances.clearing import list_task_ids
from tradewind.operations.task_instances.marking import MarkedTasks
from tradewind.transitions.marking import TASK_MARKS


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add("mark", mark_task, remote=True)
    verb.add_argument("dag_id")
    verb.add_argument("task_id")
    add_run_argument(verb)
    verb.add_argument("state", choices=TASK_MARKS)
    verb.add_argument(
        "--map-index",
        type=int,
        action="append",
        help="only this instance of a mapped task, from 0; may be given several times",
    )
    add_neighbour_options(verb)
    add_marking_options(verb)


def mark_task(options: argparse.Namespace) -> None:
    """Say that a task has succeeded, failed or is skipped: shows what that changes, asks, and does it run by run.

    A try that is running is stopped. What had failed below is decided anew. A run that had ended is queued again if something
    in it is to run, else it ends as its tasks say now.
    """
    with open_operations(options, changes_states=True) as operations:
        run_id = find_run(operations, options.dag_id, options.execution_date_or_run_id).run_id
        with naming_dateless(options.dag_id, run_id):
            found = _ask(operations, options, run_id, [run_id], dry_run=True)
        if is_agreed(found, options):
            for run_ids in in_parts([each.run_id for each in found.runs]):
                _ask(operations, options, run_id, run_ids, dry_run=False)
            if options.output == "table":
                say(found.runs, "was", "is")


def _ask(
    operations: Operations, options: argparse.Namespace, run_id: str, run_ids: Sequence[str], *, dry_run: bool
) -> MarkedTasks:
    """Ask what marking would do or, in the runs that were shown, have it done."""
    try:
        return operations.ask(
            marking.mark_tasks,
            dag_id=options.dag_id,
            task_id=options.task_id,
            new_state=options.state,
            run_ids=run_ids,
            map_indexes=options.map_index,
            include_upstream=options.upstream,
            include_downstream=options.downstream,
            include_past=options.past and dry_run,
            include_future=options.future and dry_run,
            reason=options.reason,
            dry_run=dry_run,
            most=None,
        )
    except NotFoundError as error:
        known = operations.ask(list_task_ids, dag_id=options.dag_id, run_ids=[run_id]).task_ids
        if error.error_id != "no-such-task" or options.task_id in known:
            raise
        near = did_you_mean(options.task_id, known) or ":"
        raise CommandError(
            f"Run {run_id!r} of DAG {options.dag_id!r} has no task {options.task_id!r}{near} `tradewind tasks "
            f"states-for-dag-run {options.dag_id} {run_id}` shows its tasks.",
            error_id="no-such-task",
        ) from error

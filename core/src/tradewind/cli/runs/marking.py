"""`tradewind dags mark-run`: people say how a whole run has ended; and what that has in common with `tradewind tasks mark`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.confirming import add_yes_option, confirm
from tradewind.cli.shared.finding import add_run_argument
from tradewind.cli.shared.naming import find_run
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.operations.runs.marking import mark_whole_run as ask_mark
from tradewind.operations.task_instances.marking import MarkedRun, MarkedTasks
from tradewind.transitions.marking import RUN_MARKS


def add_run_verbs(verbs: Verbs) -> None:
    """Declare `mark-run` of DAGs."""
    verb = verbs.add("mark-run", mark_whole_run, remote=True)
    verb.add_argument("dag_id")
    add_run_argument(verb)
    verb.add_argument("state", choices=RUN_MARKS)
    add_marking_options(verb)


def add_marking_options(verb: argparse.ArgumentParser) -> None:
    """Declare what marking a task and marking a run have in common."""
    verb.add_argument("-m", "--reason", help="what is kept beside the state, for those who look later")
    verb.add_argument("-n", "--dry-run", action="store_true", help="only show what would become of what")
    add_yes_option(verb)
    add_output_option(verb)


def mark_whole_run(options: argparse.Namespace) -> None:
    """Say that a run has succeeded or failed: shows what that changes, asks, and does it.

    As success: every task is marked so. As failed: what is running is stopped and fails, what has not begun is skipped.
    Teardowns are left alone, and the run ends after them.
    """
    with open_operations(options, changes_states=True) as operations:
        run_id = find_run(operations, options.dag_id, options.execution_date_or_run_id).run_id
        asked = {"dag_id": options.dag_id, "run_id": run_id, "state": options.state, "reason": options.reason}
        found = operations.ask(ask_mark, **asked, dry_run=True)
        if is_agreed(found, options):
            operations.ask(ask_mark, **asked, dry_run=False)
            if options.output == "table":
                say(found.runs, "was", "is")


def is_agreed(found: MarkedTasks, options: argparse.Namespace) -> bool:
    """Show what would change, and ask; False for a preview."""
    rows = list(_rows(found))
    if options.output != "table" or rows:
        print_rows(rows, options.output)
    if not found.runs:
        raise CommandError(
            f"Nothing changes: all that you named is {options.state} already, or no part of its run.",
            error_id="nothing-to-mark",
        )
    if options.dry_run:
        if options.output == "table":
            say(found.runs, "is", "would be")
            print("Nothing was changed.")
        return False
    count = sum(run.marked for run in found.runs)
    confirm(f"{count} task instances in {len(found.runs)} runs are to be marked by hand.", yes=options.yes)
    return True


def say(runs: Sequence[MarkedRun], before: str, after: str) -> None:
    """Print what was marked in each run, with the words for its states before and after."""
    for run in runs:
        again = f", {run.again} run again" if run.again else ""
        stopped = f", {run.stopped} of them stopped" if run.stopped else ""
        print(
            f"Run {run.run_id} of {run.dag_id}: {run.marked} task instances marked{stopped}{again}; "
            f"the run {before} {run.state} and {after} {run.becomes}."
        )


def _rows(found: MarkedTasks) -> Iterator[dict[str, object]]:
    runs = {(run.dag_id, run.run_id): run for run in found.runs}
    for row in found.instances:
        run = runs[row.dag_id, row.run_id]
        yield {
            "dag_id": row.dag_id,
            "run_id": row.run_id,
            "run_state": run.state,
            "run_becomes": run.becomes,
            "task_id": row.task_id,
            "map_index": row.map_index if row.map_index >= 0 else None,
            "state": row.state,
            "becomes": row.becomes,
            "is_stopped": row.is_stopped,
        }

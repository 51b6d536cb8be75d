"""Holds: keep a DAG, a run or a task from starting anything new, until they are released."""

from __future__ import annotations

import argparse
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.naming import ask_of_dag, find_run
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements.holds import Hold, in_words
from tradewind.operations import holds as operation
from tradewind.operations.errors import NotFoundError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    add = verbs.add("add", add_hold, remote=True)
    add.add_argument("dag_id")
    add.add_argument("-r", "--run-id", help="this run only: its id, or its logical date")
    add.add_argument("-t", "--task-id", help="this task only")
    add.add_argument("--map-index", type=int, help="with --task-id: this instance of a mapped task only, from 0")
    add.add_argument("--reason", help="shown to those who ask why it does not run")
    add_output_option(add)
    listed = verbs.add("list", list_holds, remote=True)
    listed.add_argument("-d", "--dag-id", help="of this DAG only")
    add_output_option(listed)
    release = verbs.add("release", release_holds, remote=True)
    release.add_argument("hold_ids", nargs="+", type=int, metavar="HOLD_ID")


def add_hold(options: argparse.Namespace) -> None:
    """Hold a DAG, a run or a task: what has not begun gets no slot; what is queued or running goes on."""
    if options.map_index is not None and options.task_id is None:
        raise CommandError(
            "--map-index says which instance of a task: name it with --task-id.", exit_code=2, error_id="wrong-usage"
        )
    made = _add(options)
    if options.output == "table":
        what = in_words(made)
        print(f"{what[0].upper()}{what[1:]} is held: `tradewind holds release {made.id}` lets it go on.")
    else:
        print_rows([_row(made)], options.output)


def _add(options: argparse.Namespace) -> Hold:
    with open_operations(options) as operations:
        run_id = options.run_id
        if run_id is not None:
            run_id = find_run(operations, options.dag_id, run_id).run_id
        named = {"run_id": run_id, "task_id": options.task_id, "map_index": options.map_index}
        try:
            return ask_of_dag(operations, operation.add_hold, dag_id=options.dag_id, reason=options.reason, **named)
        except NotFoundError as error:
            if error.error_id != "no-such-task":
                raise
            way = f"`tradewind tasks states-for-dag-run {options.dag_id} {run_id}` shows its tasks"
            raise CommandError(f"{str(error).rstrip('.')}: {way}.", error_id=error.error_id) from error


def list_holds(options: argparse.Namespace) -> None:
    """List what is held, since when and why."""
    with open_operations(options) as operations:
        rows = [_row(each) for each in operations.ask_all(operation.list_holds, dag_id=options.dag_id)]
    print_rows(rows, options.output, empty="Nothing is held.")


def release_holds(options: argparse.Namespace) -> None:
    """Let go on what was held."""
    with open_operations(options) as operations:
        known = {each.id: each for each in operations.ask_all(operation.list_holds)}
        unknown = [key for key in options.hold_ids if key not in known]
        if unknown:
            raise CommandError(
                f"There is no hold {unknown[0]}: `tradewind holds list` shows all.", error_id="no-such-hold"
            )
        found = [known[key] for key in options.hold_ids]
        for each in found:
            operations.ask(operation.release_hold, dag_id=each.dag_id, key=each.id)
    for each in found:
        what = in_words(each)
        print(f"{what[0].upper()}{what[1:]} goes on.")


def _row(each: Hold) -> dict[str, Any]:
    return {
        "id": each.id,
        "dag_id": each.dag_id,
        "run_id": each.run_id,
        "task_id": each.task_id,
        "map_index": each.map_index,
        "since": each.held_at,
        "reason": each.reason,
    }

"""Callbacks of tasks and DAGs that are still owed: which wait, which failed and why; try again, or let go."""

from __future__ import annotations

import argparse
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements.callbacks import OwedCallback
from tradewind.operations import callbacks
from tradewind.operations.callbacks import Changed
from tradewind.operations.context import Named

WAITING, CALLING, FAILED = "waiting", "being called", "failed"
AT_ONCE = 1000  # callbacks of one change


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    listed = verbs.add("list", list_callbacks, remote=True)
    listed.add_argument("-d", "--dag-id", metavar="DAG_ID", help="of this DAG only")
    listed.add_argument("--failed", action="store_true", help="only those that were given up")
    add_output_option(listed)
    for name, run in (("retry", retry_callbacks), ("discard", discard_callbacks)):
        verb = verbs.add(name, run, remote=True)
        verb.add_argument("id", nargs="*", type=int, help="which, by the ids that list shows")
        verb.add_argument("--all", action="store_true", help="all that were given up")


def list_callbacks(options: argparse.Namespace) -> None:
    """List callbacks that were not called yet, the oldest first; one that was called is not listed any more."""
    with open_operations(options) as operations:
        found = operations.ask_all(callbacks.list_callbacks, dag_id=options.dag_id, is_given_up=options.failed)
    print_rows([_row(each) for each in found], options.output)


def retry_callbacks(options: argparse.Namespace) -> None:
    """Call again what was given up; only what did not succeed of it is called."""
    print(f"{_change(options, callbacks.retry_callbacks)} callbacks will be called again.")


def discard_callbacks(options: argparse.Namespace) -> None:
    """Let go of what was given up: it is not called again."""
    print(f"{_change(options, callbacks.discard_callbacks)} callbacks are discarded.")


def _change(options: argparse.Namespace, run: Named[..., Changed]) -> int:
    if bool(options.id) == options.all:
        raise CommandError("Name callbacks by their ids, or give --all.", exit_code=2, error_id="wrong-usage")
    with open_operations(options) as operations:
        given_up = {each.id for each in operations.ask_all(callbacks.list_callbacks, is_given_up=True)}
        if wrong := sorted(set(options.id) - given_up):
            raise CommandError(
                f"Callback {wrong[0]} is none that was given up: `tradewind callbacks list --failed` shows those that were.",
                error_id="no-such-callback",
            )
        keys = sorted(options.id or given_up)
        parts = [keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE)]
        return sum(operations.ask(run, keys=part).number for part in parts)


def _row(owed: OwedCallback) -> dict[str, Any]:
    return {
        "id": owed.id,
        "dag_id": owed.dag_id,
        "run_id": owed.run_id,
        "task_id": owed.task_id,
        "map_index": owed.map_index if owed.map_index is not None and owed.map_index >= 0 else None,
        "try": owed.try_number,
        "callback": owed.kind,
        "calls": ", ".join(name for place, name in enumerate(owed.names) if place not in owed.done),
        "state": FAILED if owed.due_at is None else WAITING if owed.worker is None else CALLING,
        "attempts": owed.attempts,
        "due_at": owed.due_at,
        "error": owed.error,
    }

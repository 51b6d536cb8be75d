"""The verbs of `tradewind backfill` that change one: pause it, let it go on, end it."""

from __future__ import annotations

import argparse

from tradewind.cli.backfill.finding import find_backfill
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.verbs import Verbs
from tradewind.operations import backfills


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    for verb, run in (("pause", pause), ("unpause", unpause), ("cancel", cancel)):
        change = verbs.add(verb, run, remote=True)
        change.add_argument("backfill_id", type=int)


def pause(options: argparse.Namespace) -> None:
    """Make no further runs of a backfill; those under way go on."""
    _change(options, "paused")


def unpause(options: argparse.Namespace) -> None:
    """Let a paused backfill go on."""
    _change(options, "running")


def cancel(options: argparse.Namespace) -> None:
    """End a backfill: dates that have no run yet get none; runs under way go on."""
    _change(options, "cancelled")


def _change(options: argparse.Namespace, state: str) -> None:
    key = options.backfill_id
    with open_operations(options, changes_states=True) as operations:
        dag_id = find_backfill(operations, key).dag_id
        operations.ask(backfills.change_backfill, dag_id=dag_id, key=key, state=state)
    print(f"Backfill {key} is {state}.")

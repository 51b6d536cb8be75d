"""Which runs a command that changes states is about."""

from __future__ import annotations

import argparse

import sqlalchemy as sa

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.finding import find_run
from tradewind.metadata.statements import listings
from tradewind.operations.errors import InvalidError
from tradewind.operations.selecting import neighbouring_runs


def add_neighbour_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name other tasks, and other runs, by those that are named."""
    parser.add_argument("-u", "--upstream", action="store_true", help="also what is before them")
    parser.add_argument("-d", "--downstream", action="store_true", help="also what is after them")
    parser.add_argument("--past", action="store_true", help="also in runs of the DAG with earlier logical dates")
    parser.add_argument("--future", action="store_true", help="also in runs of the DAG with later logical dates")


def runs_around(
    connection: sa.Connection, dag_id: str, name: str, *, past: bool, future: bool
) -> list[listings.RunRow]:
    """Return a run, and those before and after it by logical date where they are wanted, the newest first.

    Raises:
        CommandError: there is no such run, or it has no date that others could be before or after.
    """
    run = find_run(connection, dag_id, name)
    if not past and not future:
        return [run]
    try:
        return neighbouring_runs(connection, run, past=past, future=future)
    except InvalidError as error:
        raise CommandError(
            f"Run {run.run_id!r} of DAG {dag_id!r} has no logical date: leave --past and --future out.",
            exit_code=2,
            error_id="wrong-usage",
        ) from error

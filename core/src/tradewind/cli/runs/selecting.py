"""Which runs a command that changes states is about."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from tradewind.cli.errors import CommandError
from tradewind.operations.errors import InvalidError


def add_neighbour_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name other tasks, and other runs, by those that are named."""
    parser.add_argument("-u", "--upstream", action="store_true", help="also what is before them")
    parser.add_argument("-d", "--downstream", action="store_true", help="also what is after them")
    parser.add_argument("--past", action="store_true", help="also in runs of the DAG with earlier logical dates")
    parser.add_argument("--future", action="store_true", help="also in runs of the DAG with later logical dates")


@contextmanager
def naming_dateless(dag_id: str, run_id: str | None) -> Iterator[None]:
    """Say which options are wrong where the block asks what is before and after a run that has no logical date.

    Raises:
        CommandError: it has none.
    """
    try:
        yield
    except InvalidError as error:
        if error.field not in {"include_past", "include_future"}:
            raise
        raise CommandError(
            f"Run {run_id!r} of DAG {dag_id!r} has no logical date: leave --past and --future out.",
            exit_code=2,
            error_id="wrong-usage",
        ) from error

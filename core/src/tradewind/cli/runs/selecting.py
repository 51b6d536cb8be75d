"""Which runs a command that changes states is about."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tradewind.cli.errors import CommandError
from tradewind.operations.errors import InvalidError

RUNS_AT_ONCE = 100


def add_neighbour_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name other tasks, and other runs, by those that are named."""
    parser.add_argument("-u", "--upstream", action="store_true", help="also what is before them")
    parser.add_argument("-d", "--downstream", action="store_true", help="also what is after them")
    parser.add_argument("--past", action="store_true", help="also in runs of the DAG with earlier logical dates")
    parser.add_argument("--future", action="store_true", help="also in runs of the DAG with later logical dates")


def in_parts(run_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield runs in parts of which a server changes one within the time that a request may take."""
    for start in range(0, len(run_ids), RUNS_AT_ONCE):
        yield run_ids[start : start + RUNS_AT_ONCE]


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

"""Asking people before something is done that cannot be undone."""

from __future__ import annotations

import argparse
import sys

from tradewind.cli.errors import CommandError


def add_yes_option(parser: argparse.ArgumentParser) -> None:
    """Add `-y/--yes`."""
    parser.add_argument("-y", "--yes", action="store_true", help="do it without asking")


def confirm(question: str, *, yes: bool) -> None:
    """Return if it is to be done.

    Arguments:
        question: what is about to happen, as one sentence.
        yes: the option `--yes`.
    Raises:
        CommandError: the answer was no, or nobody can be asked.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(f"{question} Nobody can be asked here: say --yes.", error_id="needs-confirmation")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandError("Nothing was done.", error_id="needs-confirmation")

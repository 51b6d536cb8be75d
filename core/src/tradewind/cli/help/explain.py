"""Say what an error means, how it comes about, and what to do."""

from __future__ import annotations

import argparse

from tradewind.cli.errors import CommandError
from tradewind.cli.help.explaining import explained_ids, explanation, title
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.output import add_output_option, print_rows


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument(
        "error_id",
        nargs="?",
        metavar="ID",
        help="what stands in brackets behind the message; without it, all are listed",
    )
    add_output_option(parser)
    parser.set_defaults(run=explain)


def explain(options: argparse.Namespace) -> None:
    """Print the page on one error, or list all errors with the titles of their pages."""
    known = explained_ids()
    if options.error_id is None:
        print_rows([{"id": each, "title": title(each)} for each in known], options.output)
        return
    wanted = options.error_id.strip("[]")
    if wanted not in known:
        near = did_you_mean(wanted, known) or ":"
        raise CommandError(
            f"There is no error {wanted!r}{near} `tradewind explain` lists all.", error_id="no-such-error"
        )
    if options.output == "table":
        print(explanation(wanted), end="")
    else:
        print_rows([{"id": wanted, "title": title(wanted), "text": explanation(wanted)}], options.output)

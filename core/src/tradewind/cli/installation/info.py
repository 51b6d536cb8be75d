"""Show this installation: versions, places, tools, providers."""

from __future__ import annotations

import argparse

from tradewind.cli.installation.facts import installation
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.config import load


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("--anonymize", action="store_true", help="leave out names of people and their folders")
    add_output_option(parser)
    parser.set_defaults(run=info)


def info(options: argparse.Namespace) -> None:
    """Show what somebody who helps you needs to know; secrets are never shown."""
    rows = installation(load(), anonymous=options.anonymize)
    print_rows([{"part": part, "name": name, "value": value} for part, name, value in rows], options.output)

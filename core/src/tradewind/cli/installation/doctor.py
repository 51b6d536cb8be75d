"""Look for what is wrong with this installation, and say what mends it."""

from __future__ import annotations

import argparse

from tradewind.cli.installation.checkup import PROBLEM, checkup
from tradewind.cli.shared.output import add_output_option, print_rows


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    add_output_option(parser)
    parser.set_defaults(run=doctor)


def doctor(options: argparse.Namespace) -> int:
    """Check settings, folders, storages, database, clocks, keys, DAG files, providers and daemons; exit code 1 on a problem."""
    found = list(checkup())
    rows = [
        {"check": each.check, "verdict": each.verdict, "what": each.what, "way out": each.way_out} for each in found
    ]
    print_rows(rows, options.output)
    return 1 if any(each.verdict == PROBLEM for each in found) else 0

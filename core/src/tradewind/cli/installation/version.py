"""Print the version of Tradewind."""

from __future__ import annotations

import argparse

from tradewind.version import VERSION


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.set_defaults(run=version)


def version(_options: argparse.Namespace) -> None:
    """Print the version."""
    print(VERSION)

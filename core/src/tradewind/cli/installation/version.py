"""Print the version of Tradewind."""

from __future__ import annotations

import argparse
from importlib import import_module

from tradewind.cli.parser import Parser
from tradewind.version import VERSION


def configure(parser: Parser) -> None:
    """Declare the command."""
    parser.set_defaults(run=version)
    parser.remote = frozenset({version})


def version(options: argparse.Namespace) -> None:
    """Print the version, or that of the server."""
    print(import_module("tradewind.cli.installation.there").version(options) if options.server else VERSION)

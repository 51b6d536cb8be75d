"""Show how the system stands: daemons and leases, what runs, what waits and why, connections."""

from __future__ import annotations

import argparse

from tradewind.cli.parser import Parser
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_sections
from tradewind.operations import cluster


def configure(parser: Parser) -> None:
    """Declare the command."""
    add_output_option(parser)
    parser.set_defaults(run=status)
    parser.remote = frozenset({status})


def status(options: argparse.Namespace) -> None:
    """Show daemons with lag and lease, what is at work, what waits with one sentence why, and connections."""
    with open_operations(options) as operations:
        sections = operations.ask(cluster.get_cluster)
    print_sections(sections, options.output)

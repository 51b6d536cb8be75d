"""Give the built-in roles exactly what they give in this release; roles of your own are left alone."""

from __future__ import annotations

import argparse

from tradewind.cli.parser import Parser
from tradewind.cli.shared.operating import open_operations
from tradewind.operations.role_sync import sync_built_in_roles


def configure(parser: Parser) -> None:
    """Declare the command."""
    parser.add_argument(
        "--include-dags", action="store_true", help="also what DAG files say in access_control, for every DAG"
    )
    parser.set_defaults(run=sync_permissions)
    parser.remote = frozenset({sync_permissions})


def sync_permissions(options: argparse.Namespace) -> None:
    """Write the permissions of the built-in roles anew."""
    with open_operations(options) as operations:
        done = operations.ask(sync_built_in_roles, include_dags=options.include_dags)
    print("The built-in roles give what they give in this release.")
    if options.include_dags:
        print(f"Permissions on {done['dags']} DAGs are as their files say.")

"""Give the built-in roles exactly what they give in this release; roles of your own are left alone."""

from __future__ import annotations

import argparse

import sqlalchemy as sa

from tradewind.access.accounts import Accounts
from tradewind.access.audit import record
from tradewind.access.dag_access import sync_all_dags
from tradewind.access.roles import sync_roles
from tradewind.cli.shared.accounts import CLOCK, opened


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument(
        "--include-dags", action="store_true", help="also what DAG files say in access_control, for every DAG"
    )
    parser.set_defaults(run=sync_permissions)


def sync_permissions(options: argparse.Namespace) -> None:
    """Write the permissions of the built-in roles anew."""
    with opened() as (session, accounts):
        number = session.database.write(lambda c: _sync(c, accounts, options.include_dags), collisions=True)
    print("The built-in roles give what they give in this release.")
    if options.include_dags:
        print(f"Permissions on {number} DAGs are as their files say.")


def _sync(connection: sa.Connection, accounts: Accounts, include_dags: bool) -> int:
    sync_roles(connection)
    number = sync_all_dags(connection) if include_dags else 0
    more = {"include_dags": include_dags}
    record(connection, actor=accounts.actor, event="roles.sync", now=CLOCK.now(), ids=accounts.ids, more=more)
    return number

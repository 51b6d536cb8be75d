"""Giving the built-in roles what they give in this release."""

from __future__ import annotations

import sqlalchemy as sa

from tradewind.access.accounts import Accounts
from tradewind.access.audit import record
from tradewind.access.dag_access import sync_all_dags
from tradewind.access.roles import sync_roles
from tradewind.operations.accounts import change_accounts
from tradewind.operations.context import Context, operation


@operation("roles.sync")
def sync_built_in_roles(context: Context, *, include_dags: bool = False) -> dict[str, int]:
    """Give the built-in roles exactly what they give in this release; roles of one's own are left alone.

    Arguments:
        include_dags: also write what DAG files say in `access_control`, for every DAG.
    Returns:
        `dags`, how many DAGs have permissions as their files say.
    """

    def work(connection: sa.Connection, accounts: Accounts) -> dict[str, int]:
        sync_roles(connection)
        number = sync_all_dags(connection) if include_dags else 0
        more = {"include_dags": include_dags}
        now = context.tools.clock.now()
        record(connection, actor=accounts.actor, event="roles.sync", now=now, ids=accounts.ids, more=more)
        return {"dags": number}

    return change_accounts(context, work, field="include_dags")

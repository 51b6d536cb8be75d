"""Many roles at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tradewind.access.accounts import Accounts
from tradewind.access.authorization import authorize
from tradewind.access.operations import TABLE
from tradewind.metadata.statements import roles
from tradewind.operations.accounts import change_accounts
from tradewind.operations.context import Context, operation

CREATE, MERGE, ADD, REMOVE, DELETE = "create", "merge", "add", "remove", "delete"
ACTIONS = (CREATE, MERGE, ADD, REMOVE, DELETE)
_NEEDS = {CREATE: "roles.create", MERGE: "roles.create", DELETE: "roles.delete"}


@operation("roles.change_all")
def change_roles(context: Context, *, action: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Create, change or delete roles, all or none; return how many were made and how many changed.

    Arguments:
        action: `create`, which takes the permission to; `add` permissions to roles that are there; `merge`, which does one or
            the other; `remove` permissions; `delete`, which takes the permission to.
        rows: `name` and maybe `pairs` of each, as (action, resource).
    Raises:
        NotFoundError: there is no such role.
        ConflictError: there is one that was to be created.
        InvalidError: a permission is none, or a built-in role was to be deleted.
    """
    if action in _NEEDS:
        authorize(context.actor, TABLE[_NEEDS[action]])

    def work(connection: sa.Connection, accounts: Accounts) -> dict[str, int]:
        known = roles.role_ids(connection)
        made = 0
        for row in rows:
            name, pairs = row["name"], set(row.get("pairs", ()))
            is_new = action == CREATE or (action == MERGE and name not in known)
            made += is_new
            if is_new:
                accounts.create_role(connection, name, pairs)
            elif action == DELETE:
                accounts.delete_role(connection, name)
            elif action == REMOVE:
                accounts.change_role(connection, name, take=pairs)
            else:
                accounts.change_role(connection, name, add=pairs)
        return {"created": made, "changed": len(rows) - made}

    return change_accounts(context, work, field="roles")

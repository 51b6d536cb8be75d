"""Many users at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tradewind.access.accounts import Accounts
from tradewind.access.passwords import hash_password, random_password
from tradewind.access.roles import PUBLIC
from tradewind.metadata.statements import users
from tradewind.operations.accounts import change_accounts
from tradewind.operations.bulk.rows import check_names, may_overwrite
from tradewind.operations.context import Context, operation


@operation("users.create")
def set_users(context: Context, *, rows: Sequence[Mapping[str, Any]], overwrite: bool = False) -> dict[str, Any]:
    """Create users, all or none; return how many were made, how many changed, and the names of those that were made.

    Arguments:
        rows: `username`, `email`, `first_name`, `last_name`, and maybe `role_names` and `password` of each; a new user without a
            password has one that nobody knows.
        overwrite: change those that are there, which takes the permission to.
    Raises:
        RowsError: some are there already, or twice among the rows.
        ConflictError: another user has the address of mail.
        InvalidError: there is no such role, or a password is weak.
    """
    may_overwrite(context, "users.change", overwrite=overwrite)
    # Once for all: to hash one takes 50 ms, and nobody knows what it is the hash of
    nobodys = hash_password(random_password())

    def work(connection: sa.Connection, accounts: Accounts) -> dict[str, Any]:
        names = [row["username"] for row in rows]
        known = {each.username for each in users.list_users(connection, names=names)}
        check_names(rows, "username", known, what="user", field="users", overwrite=overwrite)
        for row in rows:
            parts = dict(row)
            if row["username"] in known:
                accounts.change_user(connection, parts.pop("username"), **parts)
            else:
                secret = {} if row.get("password") is not None else {"password_hash": nobodys}
                accounts.create_user(connection, **{"role_names": [PUBLIC], **parts, **secret})
        made = [name for name in names if name not in known]
        return {"created": len(made), "changed": len(rows) - len(made), "created_users": made}

    return change_accounts(context, work, field="users", role_field="users")

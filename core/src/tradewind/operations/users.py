"""Users: who can log in, and their roles."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tradewind.access.accounts import AccountError, Accounts
from tradewind.access.roles import PUBLIC
from tradewind.metadata.statements import users
from tradewind.metadata.statements.users import User
from tradewind.operations.accounts import change_accounts
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import NotFoundError
from tradewind.operations.paging import Page, Paging

ORDERS = {each: each for each in users.ORDERS} | {"user_name": "username", "is_active": "active"}
"""What lists can be ordered by, with Airflow's words for it: the column of each."""


@operation("users.list")
def list_users(context: Context, *, page: Paging, email: str | None = None, pattern: str | None = None) -> Page[User]:
    """Return users with their roles, by id or in another of `ORDERS`.

    Arguments:
        email: the user with this address of mail only.
        pattern: those only that have this text in a name or the address of mail.
    """
    with context.read() as connection:
        total = users.count_users(connection, email=email, pattern=pattern)
        rows = users.list_users(
            connection,
            email=email,
            pattern=pattern,
            order_by=ORDERS[page.order_by or "id"],
            is_descending=page.is_descending,
            limit=page.limit,
            offset=page.offset,
        )
    return Page(rows, total)


@operation("users.get")
def get_user(context: Context, *, username: str) -> User:
    """Return a user.

    Raises:
        NotFoundError: there is none of that name.
    """
    with context.read() as connection:
        found = users.find_user(connection, username=username)
    if found is None:
        raise NotFoundError(f"There is no user {username!r}.", error_id="no-such-user")
    return found


@operation("users.create")
def create_user(
    context: Context,
    *,
    username: str,
    email: str,
    first_name: str,
    last_name: str,
    password: str,
    role_names: Sequence[str] = (PUBLIC,),
) -> User:
    """Create a user.

    Arguments:
        role_names: by default the role that can do nothing.
    Raises:
        ConflictError: there is one of that name, or with that address of mail.
        InvalidError: there is no such role, or the password is weak.
    """
    parts = {"username": username, "email": email, "first_name": first_name, "last_name": last_name}
    return change_accounts(
        context,
        lambda c, accounts: accounts.create_user(c, **parts, role_names=set(role_names), password=password),
        field="username",
        role_field="roles",
    )


@operation("users.change")
def change_user(context: Context, *, username: str, values: Mapping[str, Any]) -> User:
    """Change a user; whoever gets another password is logged out.

    Arguments:
        values: any of first_name, last_name, username, email, password and `role_names`, which are then all roles;
            `added_roles` and `removed_roles` leave the others.
    Raises:
        NotFoundError: there is none of that name.
        ConflictError: another user has the new name or address.
        InvalidError: there is no such role, the user has it already or does not have it, or the password is weak.
    """
    changed = {name: value for name, value in values.items() if (name, value) != ("username", username)}
    more, less = changed.pop("added_roles", ()), changed.pop("removed_roles", ())

    def work(connection: sa.Connection, accounts: Accounts) -> User:
        roles = {}
        if more or less:
            user = accounts.find_user(connection, username)
            roles["role_names"] = _roles(user, changed.get("role_names", user.roles), more, less)
        # The one who is changed may also be given a new name under that word
        return accounts.change_user(connection, username, **(changed | roles))

    return change_accounts(context, work, field="username", role_field="roles")


def _roles(user: User, has: Collection[str], more: Collection[str], less: Collection[str]) -> list[str]:
    """Return all roles that a user is to have.

    Raises:
        AccountError: nothing would change.
    """
    wanted = (set(has) | set(more)) - set(less)
    if wanted == set(user.roles):
        why = "has the role already" if more else "does not have the role"
        raise AccountError(f"User {user.username!r} {why}: {', '.join([*more, *less])}.")
    return sorted(wanted)


@operation("users.delete")
def delete_user(context: Context, *, username: str) -> None:
    """Delete a user, with sessions and tokens.

    Raises:
        NotFoundError: there is none of that name.
    """
    change_accounts(context, lambda c, accounts: accounts.delete_user(c, username), field="username")

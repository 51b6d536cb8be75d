"""Roles: what their users may do."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from tradewind.access.accounts import Accounts
from tradewind.access.roles import ensure_roles
from tradewind.metadata.statements import roles
from tradewind.metadata.statements.roles import CountedRole, Pair, Role
from tradewind.operations.accounts import change_accounts
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import InvalidError, NotFoundError
from tradewind.operations.paging import Page, Paging

ORDERS = ("name", "id")


@operation("roles.list")
def list_roles(context: Context, *, page: Paging) -> Page[Role]:
    """Return roles with their permissions, by name."""
    _ensure(context)
    with context.read() as connection:
        total = roles.count_roles(connection)
        rows = roles.list_roles(connection, limit=page.limit, offset=page.offset, is_descending=page.is_descending)
    return Page(rows, total)


@operation("roles.list")
def count_permissions(context: Context, *, page: Paging) -> Page[CountedRole]:
    """Return roles by name, each with how much it gives."""
    _ensure(context)
    with context.read() as connection:
        return Page(roles.list_counted(connection, limit=page.limit, offset=page.offset), roles.count_roles(connection))


@operation("roles.get")
def get_role(context: Context, *, name: str) -> Role:
    """Return a role with its permissions.

    Raises:
        NotFoundError: there is none of that name.
    """
    _ensure(context)
    with context.read() as connection:
        return _require(connection, name)


@operation("roles.create")
def create_role(context: Context, *, name: str, pairs: Collection[Pair] = ()) -> Role:
    """Create a role.

    Arguments:
        pairs: what it gives, as (action, resource).
    Raises:
        ConflictError: there is one of that name.
    """

    def work(connection: sa.Connection, accounts: Accounts) -> Role:
        accounts.create_role(connection, name, set(pairs))
        return _require(connection, name)

    return change_accounts(context, work, field="name")


@operation("roles.change")
def change_role(
    context: Context, *, name: str, pairs: Collection[Pair] | None = None, new_name: str | None = None
) -> Role:
    """Say what a role gives.

    Arguments:
        pairs: all that it gives from now on, as (action, resource); None leaves that.
    Raises:
        NotFoundError: there is none of that name.
        InvalidError: it would get another name.
    """
    if new_name not in {None, name}:
        raise InvalidError(
            "name", f"Role {name!r} cannot be renamed, as DAG files name it: create {new_name!r} beside it."
        )

    def work(connection: sa.Connection, accounts: Accounts) -> Role:
        if pairs is not None:
            accounts.change_role(connection, name, exactly=set(pairs))
        return _require(connection, name)

    return change_accounts(context, work, field="name")


@operation("roles.delete")
def delete_role(context: Context, *, name: str) -> None:
    """Delete a role, and take it from who has it.

    Raises:
        NotFoundError: there is none of that name.
        InvalidError: it is a built-in one.
    """
    change_accounts(context, lambda c, accounts: accounts.delete_role(c, name), field="role_name")


def _ensure(context: Context) -> None:
    """Have the built-in roles be there, which are made when they are first asked for."""
    context.tools.database.write(ensure_roles)


def _require(connection: sa.Connection, name: str) -> Role:
    found = roles.list_roles(connection, names=[name])
    if not found:
        raise NotFoundError(f"There is no role {name!r}.", error_id="no-such-role")
    return found[0]

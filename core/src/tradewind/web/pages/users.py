"""Users: the list, and the form of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tradewind.access.roles import BUILT_IN
from tradewind.metadata.statements import roles
from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Paging
from tradewind.operations.users import get_user, list_users
from tradewind.web.pages.admin_schemas import SearchQuery
from tradewind.web.pages.page import Menu, Page


@operation("users.list")
def user_list(context: Context, *, page: Paging, pattern: str | None = None) -> dict[str, Any]:
    """Return the users with their roles."""
    wanted = Paging(page.limit, page.offset, "username")
    found = list_users(context, page=wanted, pattern=pattern)
    return {"users": found.rows, "total": found.total, "page": page, "pattern": pattern}


@operation("users.create")
def user_new(context: Context) -> dict[str, Any]:
    """Return the form of a user who is to be made."""
    return {"stored": None, "roles": _roles(context, ()), "shortest": context.tools.config.security.password_length}


@operation("users.change")
def user_form(context: Context, *, username: str) -> dict[str, Any]:
    """Return the form of a user; the password is not in there, nor anything made of it."""
    found = get_user(context, username=username)
    return {
        "stored": found,
        "roles": _roles(context, found.roles),
        "shortest": context.tools.config.security.password_length,
    }


def _roles(context: Context, own: Iterable[str]) -> list[str]:
    """Return the names of roles to choose from: all, for who may see them."""
    known: set[str] = set()
    if context.may("roles.list"):
        with context.read() as connection:
            known = set(roles.role_ids(connection))
    # The built-in ones are made when they are first asked for
    return sorted(known | set(BUILT_IN) | set(own))


PAGES = (
    Page("/users", user_list, "users.html", query=SearchQuery, menu=Menu("Security", "Users", 0)),
    Page("/users/new", user_new, "user.html"),
    Page("/users/edit/{username}", user_form, "user.html"),
)

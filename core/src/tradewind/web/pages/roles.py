"""Roles: the list, and what one gives, as a table of resources and actions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from tradewind.access.operations import ACTIONS
from tradewind.access.roles import ADMIN, BUILT_IN
from tradewind.metadata.statements.roles import Pair
from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Paging
from tradewind.operations.roles import count_permissions, get_role
from tradewind.web.pages.admin_schemas import ListPageQuery
from tradewind.web.pages.page import Menu, Page


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """A line of the table: a resource, and for each action whether it is given; None where nothing asks for it."""

    resource: str
    given: tuple[bool | None, ...]


@operation("roles.list")
def role_list(context: Context, *, page: Paging) -> dict[str, Any]:
    """Return the roles, with how much each gives."""
    found = count_permissions(context, page=page)
    return {"roles": found.rows, "total": found.total, "page": page, "built_in": BUILT_IN}


@operation("roles.get")
def role_page(context: Context, *, name: str) -> dict[str, Any]:
    """Return what a role gives."""
    found = get_role(context, name=name)
    return {
        "name": found.name,
        "is_built_in": found.name in BUILT_IN,
        "can_change": context.may("roles.change"),
        "number": len(found.permissions),
        "actions": ACTIONS,
        "rows": rows_of(found.permissions),
    }


@operation("roles.create")
def role_new(_context: Context) -> dict[str, Any]:
    """Return the form of a role that is to be made."""
    return {
        "name": None,
        "is_built_in": False,
        "can_change": True,
        "number": 0,
        "actions": ACTIONS,
        "rows": rows_of(()),
    }


def rows_of(permissions: Collection[Pair]) -> list[ResourceRow]:
    """Return the table: what can be given, and what is given besides, such as what names a DAG."""
    given = set(permissions)
    known = {(each.action, each.resource) for each in BUILT_IN[ADMIN]} | given
    return [
        ResourceRow(
            resource,
            tuple((action, resource) in given if (action, resource) in known else None for action in ACTIONS),
        )
        for resource in sorted({resource for _, resource in known})
    ]


PAGES = (
    Page("/roles", role_list, "roles.html", query=ListPageQuery, menu=Menu("Security", "Roles", 1)),
    Page("/roles/new", role_new, "role.html"),
    Page("/roles/of/{role_name}", role_page, "role.html"),
)

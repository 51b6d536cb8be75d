"""Roles: the list, and what one gives, as a table of resources and actions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from tradewind.access.operations import ACTIONS, OF_ONE_DAG
from tradewind.access.roles import ADMIN, BUILT_IN
from tradewind.metadata.statements.roles import Pair
from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Paging
from tradewind.operations.roles import get_role, list_roles
from tradewind.web.pages.admin_schemas import ListPageQuery
from tradewind.web.pages.page import Menu, Page


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """A line of the table: a resource, and for each action whether it is given; None where nothing asks for it."""

    resource: str
    given: tuple[bool | None, ...]


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A line of the list.

    Arguments:
        number: of the permissions that it gives.
        dags: ids of DAGs that it names.
    """

    name: str
    number: int
    dags: int
    is_built_in: bool


@operation("roles.list")
def role_list(context: Context, *, page: Paging) -> dict[str, Any]:
    """Return the roles, with how much each gives."""
    found = list_roles(context, page=page)
    rows = [
        RoleRow(each.name, len(each.permissions), len(_dags(each.permissions)), each.name in BUILT_IN)
        for each in found.rows
    ]
    return {"roles": rows, "total": found.total, "page": page}


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


def _dags(permissions: Collection[Pair]) -> set[str]:
    return {
        resource.removeprefix(prefix)
        for _, resource in permissions
        for prefix in OF_ONE_DAG.values()
        if resource.startswith(prefix)
    }


PAGES = (
    Page("/roles", role_list, "roles.html", query=ListPageQuery, menu=Menu("Security", "Roles", 1)),
    Page("/roles/new", role_new, "role.html"),
    Page("/roles/of/{role_name}", role_page, "role.html"),
)

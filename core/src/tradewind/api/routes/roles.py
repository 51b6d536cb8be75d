"""Roles."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.accounts import (
    RoleBody,
    RoleChange,
    RoleChangeQuery,
    RoleCollection,
    RoleListQuery,
    RoleSchema,
)
from tradewind.operations import roles

ROUTES = (
    Route("GET", "/roles", roles.list_roles, query=RoleListQuery, answer=RoleCollection, name="get_roles"),
    Route("POST", "/roles", roles.create_role, body=RoleBody, answer=RoleSchema, name="post_role"),
    Route("GET", "/roles/{role_name}", roles.get_role, answer=RoleSchema),
    Route(
        "PATCH",
        "/roles/{role_name}",
        roles.change_role,
        query=RoleChangeQuery,
        body=RoleChange,
        answer=RoleSchema,
        name="patch_role",
    ),
    Route("DELETE", "/roles/{role_name}", roles.delete_role, status=204),
)

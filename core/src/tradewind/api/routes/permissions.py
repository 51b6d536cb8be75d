"""What permissions are made of."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.accounts import (
    ActionCollection,
    PermissionListQuery,
)
from tradewind.operations import permissions

ROUTES = (
    Route(
        "GET",
        "/permissions",
        permissions.list_permissions,
        query=PermissionListQuery,
        answer=ActionCollection,
        name="get_permissions",
    ),
)

"""Users."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.accounts import (
    UserBody,
    UserChange,
    UserChangeQuery,
    UserCollection,
    UserListQuery,
    UserSchema,
)
from tradewind.operations import users

ROUTES = (
    Route("GET", "/users", users.list_users, query=UserListQuery, answer=UserCollection, name="get_users"),
    Route("POST", "/users", users.create_user, body=UserBody, answer=UserSchema, name="post_user"),
    Route("GET", "/users/{username}", users.get_user, answer=UserSchema),
    Route(
        "PATCH",
        "/users/{username}",
        users.change_user,
        query=UserChangeQuery,
        body=UserChange,
        body_as="values",
        answer=UserSchema,
        name="patch_user",
    ),
    Route("DELETE", "/users/{username}", users.delete_user, status=204),
)

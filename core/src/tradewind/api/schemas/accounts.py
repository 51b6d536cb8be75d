"""Users, roles, permissions and tokens in requests and answers: passwords go in, but never out."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from tradewind.access.accounts import LONGEST, LONGEST_ROLE
from tradewind.access.operations import ACTIONS
from tradewind.api.fields import Flag, Instant, Name, Text, Unwrapped
from tradewind.api.schemas.common import PageQuery, Query, Schema, collection, order_by, update_mask
from tradewind.operations import roles, users

LONGEST_PASSWORD = 1000
MOST_SCOPES = 100
MOST_PERMISSIONS = 10_000


def _part(name: str, example: str, **more: Any) -> Text:
    shortest = 1 if name in {"username", "email"} else 0
    rules = [validate.Length(shortest, LONGEST[name]), _shows]
    return Text(**{"validate": rules, "metadata": {"example": example}, **more})


def _shows(text: str) -> None:
    if not text.isprintable() or text != text.strip():
        raise ma.ValidationError("It has characters that do not show, or begins or ends with a blank.")


class RoleNameSchema(Schema):
    """A role that a user has."""

    name = Text(required=True, validate=[validate.Length(1, LONGEST_ROLE), _shows], metadata={"example": "Viewer"})


def _role_names(**more: Any) -> Unwrapped:
    return Unwrapped(RoleNameSchema, take=lambda role: role["name"], make=lambda name: {"name": name}, **more)


class UserSchema(Schema):
    """A user, without the password."""

    user_id = fields.Integer(attribute="id", metadata={"example": 1})
    username = fields.String(metadata={"example": "ada"})
    first_name = fields.String(metadata={"example": "Ada"})
    last_name = fields.String(metadata={"example": "Lovelace"})
    email = fields.String(metadata={"example": "ada@example.com"})
    active = fields.Boolean(attribute="is_active", allow_none=True, metadata={"example": True})
    roles = _role_names()
    last_login = Instant(allow_none=True)
    login_count = fields.Integer(allow_none=True, metadata={"example": 3})
    failed_login_count = fields.Integer(attribute="fail_login_count", allow_none=True, metadata={"example": 0})
    created_on = Instant(allow_none=True)
    changed_on = Instant(allow_none=True)


def _roles_of(text: str) -> fields.List[Any]:
    name = Text(validate=[validate.Length(1, LONGEST_ROLE), _shows])
    return fields.List(
        name, validate=validate.Length(1, MOST_SCOPES), metadata={"example": ["Viewer"], "description": text}
    )


class UserBody(Schema):
    """A user to be created; without roles they can do nothing."""

    username = _part("username", "ada", required=True)
    first_name = _part("first_name", "Ada", required=True)
    last_name = _part("last_name", "Lovelace", required=True)
    email = _part("email", "ada@example.com", required=True)
    password = Text(
        longest=LONGEST_PASSWORD, required=True, metadata={"example": "analytical engine", "writeOnly": True}
    )
    roles = _role_names(attribute="role_names", validate=validate.Length(0, MOST_SCOPES))


class UserChange(Schema):
    """What is to be changed of a user."""

    username = _part("username", "ada")
    first_name = _part("first_name", "Ada")
    last_name = _part("last_name", "Lovelace")
    email = _part("email", "ada@example.com")
    password = Text(longest=LONGEST_PASSWORD, metadata={"example": "difference engine", "writeOnly": True})
    roles = _role_names(attribute="role_names", validate=validate.Length(0, MOST_SCOPES))
    added_roles = _roles_of("Roles that the user gets beside those there are.")
    removed_roles = _roles_of("Roles that are taken from the user.")


class UserChangeQuery(Query):
    """Which fields count."""

    update_mask = update_mask(UserChange)


class UserListQuery(PageQuery):
    """Which users are asked for."""

    order_by = order_by(users.ORDERS)
    email = Text(metadata={"example": "ada@example.com", "description": "The one with this address only."})


class ActionSchema(Schema):
    """What may be done."""

    name = fields.String(required=True, validate=validate.OneOf(ACTIONS), metadata={"example": "can_read"})


class ResourceSchema(Schema):
    """With what it may be done."""

    name = Text(required=True, validate=[validate.Length(1, 250), _shows], metadata={"example": "DAG:reports"})


class PermissionSchema(Schema):
    """An action on a resource."""

    action = fields.Nested(ActionSchema, required=True)
    resource = fields.Nested(ResourceSchema, required=True)


def _permissions(**more: Any) -> Unwrapped:
    return Unwrapped(
        PermissionSchema,
        take=lambda each: (each["action"]["name"], each["resource"]["name"]),
        make=lambda pair: {"action": {"name": pair[0]}, "resource": {"name": pair[1]}},
        **more,
    )


class RoleSchema(Schema):
    """A role with what it gives."""

    name = fields.String(metadata={"example": "Viewer"})
    actions = _permissions(attribute="permissions")


class RoleBody(Schema):
    """A role to be created."""

    name = Text(required=True, validate=[validate.Length(1, LONGEST_ROLE), _shows], metadata={"example": "Analyst"})
    actions = _permissions(attribute="pairs", validate=validate.Length(0, MOST_PERMISSIONS))


class RoleChange(Schema):
    """What a role gives from now on."""

    new_name = Name(data_key="name", metadata={"example": "Analyst"})
    actions = _permissions(attribute="pairs", validate=validate.Length(0, MOST_PERMISSIONS))


class RoleChangeQuery(Query):
    """Which fields count."""

    update_mask = update_mask(RoleChange)


class RoleListQuery(PageQuery):
    """Which roles are asked for."""

    order_by = order_by(roles.ORDERS)


class SyncBody(Schema):
    """What is to be written anew."""

    include_dags = Flag(
        metadata={"example": False, "description": "Also what DAG files say in access_control, for every DAG."}
    )


class SyncedSchema(Schema):
    """How many DAGs have permissions as their files say."""

    dags = fields.Integer(metadata={"example": 0})


class PermissionListQuery(PageQuery):
    """Which actions are asked for."""


class ActionRowSchema(Schema):
    """An action that permissions are made of."""

    name = fields.Function(lambda name: name, metadata={"type": "string", "example": "can_read"})


class TokenSchema(Schema):
    """An API token, without what is secret of it."""

    token_id = fields.String(attribute="lookup", metadata={"example": "0123456789ab"})
    username = fields.String(metadata={"example": "ada"})
    name = fields.String(metadata={"example": "nightly export"})
    scopes = fields.List(fields.String(), allow_none=True, metadata={"example": ["runs.*"]})
    dags = fields.List(fields.String(), allow_none=True, metadata={"example": ["reports"]})
    created_at = Instant()
    expires_at = Instant()
    last_used_at = Instant(allow_none=True)
    revoked_at = Instant(allow_none=True)


class NewTokenSchema(Schema):
    """A token that was just made: its text is shown this once."""

    token = fields.String(metadata={"example": "twd_0123456789ab_…"})
    made = fields.Nested(TokenSchema)


class TokenBody(Schema):
    """An API token to be made, for oneself or for another user."""

    username = Text(
        allow_none=True,
        validate=validate.Length(1, LONGEST["username"]),
        metadata={
            "example": None,
            "description": "Who acts by it; oneself, if left out. For others one needs to be allowed to change users.",
        },
    )
    name = Name(required=True, metadata={"example": "nightly export"})
    days = fields.Float(
        validate=validate.Range(0, 100_000, min_inclusive=False), metadata={"example": 30, "description": "Good for."}
    )
    scopes = fields.List(
        Name(), allow_none=True, validate=validate.Length(1, MOST_SCOPES), metadata={"example": ["runs.*"]}
    )
    dags = fields.List(
        Name(), allow_none=True, validate=validate.Length(1, MOST_SCOPES), metadata={"example": ["reports"]}
    )


class TokenListQuery(PageQuery):
    """Which tokens are asked for."""

    username = Text(metadata={"example": "ada", "description": "Those of this user."})
    everybody = Flag(
        metadata={"example": True, "description": "Those of all users, for who may list users; else one's own."}
    )


class TokenRevokeQuery(Query):
    """Whose token it may be."""

    everybody = Flag(metadata={"example": True, "description": "That of another user, too, for who may change users."})


UserCollection = collection("users", UserSchema)
RoleCollection = collection("roles", RoleSchema)
ActionCollection = collection("actions", ActionRowSchema)
TokenCollection = collection("tokens", TokenSchema)

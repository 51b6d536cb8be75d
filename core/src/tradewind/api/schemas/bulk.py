"""Many changes at once in requests and answers."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from tradewind.api.fields import Flag, Name, Text
from tradewind.api.schemas.accounts import LONGEST_PASSWORD, RoleBody, UserBody
from tradewind.api.schemas.common import Schema
from tradewind.api.schemas.connections import ConnectionBody
from tradewind.api.schemas.pools import PoolBody
from tradewind.api.schemas.variables import VariableBody
from tradewind.operations.bulk import roles
from tradewind.operations.bulk.runs import ACTIONS, DELETE, MARK

MOST_ROWS = 5000
MOST_RUNS = 500
MOST_USERS = 500
MOST_ROLES = 200
"""Each role is read before and after it is changed, for the audit log: as many as 5000 would keep others waiting for 20 s."""
STATES = ("success", "failed", "queued")


def _rows(schema: type[Schema], *, most: int = MOST_ROWS) -> fields.List[Any]:
    return fields.List(fields.Nested(schema), required=True, attribute="rows", validate=validate.Length(1, most))


class _Overwriting(Schema):
    overwrite = Flag(
        metadata={"example": False, "description": "Change those that are there already, in place of refusing all."}
    )


class VariablesBody(_Overwriting):
    """Variables to be created, all or none."""

    skip = Flag(metadata={"example": False, "description": "Leave those that are there already as they are."})
    variables = _rows(VariableBody)


class ConnectionsBody(_Overwriting):
    """Connections to be created, all or none."""

    connections = _rows(ConnectionBody)


class PoolsBody(_Overwriting):
    """Pools to be created, all or none."""

    pools = _rows(PoolBody)


class ImportedUserBody(UserBody):
    """A user to be created or changed; a new one without a password has one that nobody knows."""

    password = Text(longest=LONGEST_PASSWORD, metadata={"example": "analytical engine", "writeOnly": True})


class UsersBody(_Overwriting):
    """Users to be created, all or none."""

    users = _rows(ImportedUserBody, most=MOST_USERS)


class UsersWrittenSchema(Schema):
    """How many were made, how many were there and are changed, and the names of those that were made."""

    created = fields.Integer(metadata={"example": 1})
    changed = fields.Integer(metadata={"example": 0})
    created_users = fields.List(fields.String(), metadata={"example": ["ada"]})


class RolesBody(Schema):
    """What is to be done with roles, all or none."""

    action = fields.String(
        required=True,
        validate=validate.OneOf(roles.ACTIONS),
        metadata={
            "example": roles.ADD,
            "description": "`create` makes roles, `add` gives permissions to those that are there, `merge` does either, "
            "`remove` takes permissions, `delete` deletes roles.",
        },
    )
    roles = _rows(RoleBody, most=MOST_ROLES)


class WrittenSchema(Schema):
    """How many were made, and how many were there and are changed."""

    created = fields.Integer(metadata={"example": 2})
    changed = fields.Integer(metadata={"example": 0})


class RunsBody(Schema):
    """What is to be done with runs, all or none."""

    action = fields.String(required=True, validate=validate.OneOf(ACTIONS), metadata={"example": MARK})
    state = fields.String(
        validate=validate.OneOf(STATES), metadata={"example": "failed", "description": "With `mark`: as what."}
    )
    dag_run_ids = fields.List(
        Name(),
        required=True,
        attribute="run_ids",
        validate=validate.Length(1, MOST_RUNS),
        metadata={"example": ["manual__1", "manual__2"]},
    )

    @ma.validates_schema
    def _fits(self, values: dict[str, Any], **_: Any) -> None:
        if values.get("action") == MARK and "state" not in values:
            raise ma.ValidationError("Say as what to mark them.", "state")
        if values.get("action") == DELETE and "state" in values:
            raise ma.ValidationError("Runs that are deleted have no state: leave it out.", "state")


class ChangedSchema(Schema):
    """How many runs were changed."""

    changed = fields.Integer(metadata={"example": 2})

"""Where a connection or a variable was looked for, in answers."""

from __future__ import annotations

from marshmallow import fields

from tradewind.api.schemas.common import Schema


class PlaceSchema(Schema):
    """What one place says: a secrets backend, or the database."""

    place = fields.String(metadata={"example": "environment"})
    has = fields.Boolean(allow_none=True, metadata={"example": True, "description": "null: it could not look"})
    is_used = fields.Boolean(metadata={"example": True, "description": "whether tasks get what stands here"})
    problem = fields.String(allow_none=True, metadata={"example": None})


class PlacesSchema(Schema):
    """All places, in the order in which they are asked."""

    places = fields.List(
        fields.Nested(PlaceSchema),
        metadata={"example": [{"place": "environment", "has": True, "is_used": True, "problem": None}]},
    )

"""Logs in requests and answers."""

from __future__ import annotations

import re
from typing import Any

import marshmallow as ma
from marshmallow import fields

from tradewind.api.fields import Whole
from tradewind.api.schemas.common import Query, Schema
from tradewind.operations.task_instances.logs import Place

_TOKEN = re.compile(r"(\d{1,9})\.(\d{1,15})")


def token_of(place: Place) -> str:
    """Return a place in logs as a token."""
    return f"{place.log}.{place.offset}"


class Token(fields.Field[Any]):
    """A continuation token; a place in logs."""

    def _serialize(self, value: Place | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else token_of(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Place:
        found = _TOKEN.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise ma.ValidationError("No token: take the `continuation_token` of the answer before.")
        return Place(int(found[1]), int(found[2]))


class LogQuery(Query):
    """Which part of a log is asked for."""

    full_content = fields.Boolean(
        metadata={"description": "All of it from the beginning, instead of the next part.", "example": True}
    )
    map_index = Whole(smallest=-1, metadata={"description": "Which instance of a mapped task, from 0.", "example": -1})
    token = Token(
        metadata={
            "description": "Where to go on: the `continuation_token` of the answer before.",
            "example": "0.262144",
        }
    )

    @ma.post_load
    def _not_mapped(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        if values.get("map_index") == -1:
            values.pop("map_index")
        return values


class LogSchema(Schema):
    """A part of a log."""

    continuation_token = fields.String(metadata={"example": "0.262144"})
    content = fields.String(metadata={"example": "[2026-11-23 12:00:00] INFO - Done.\n"})


class LastLogQuery(Query):
    """Which part of which log is asked for."""

    map_index = Whole(smallest=-1, metadata={"description": "Which instance of a mapped task, from 0.", "example": -1})
    try_number = Whole(smallest=1, metadata={"description": "Of this try; by default of the last one.", "example": 1})
    token = Token(
        metadata={
            "description": "Where to go on: the `continuation_token` of the answer before.",
            "example": "0.262144",
        }
    )


class LogPartSchema(Schema):
    """A part of a log; an empty one where nothing is left, or nothing more was written yet."""

    content = fields.String(metadata={"example": "[2026-11-23 12:00:00] INFO - Done.\n"})
    continuation_token = Token(attribute="next", metadata={"type": "string", "example": "0.262144"})

"""The configuration in answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from tradewind.api.fields import Name
from tradewind.api.schemas.common import Query, Schema


class ConfigOptionSchema(Schema):
    """One option; a secret that is set is stars."""

    key = fields.String(metadata={"example": "port"})
    value = fields.String(metadata={"example": "8080"})
    is_default = fields.Boolean(metadata={"example": True, "description": "As if nobody had set anything."})
    doc = fields.String(metadata={"example": "Port of the web server.", "description": "What it does."})


class ConfigSectionSchema(Schema):
    """A section with its options."""

    name = fields.String(metadata={"example": "web"})
    options = fields.List(fields.Nested(ConfigOptionSchema))


class ConfigSchema(Schema):
    """The configuration, or a part of it."""

    sections = fields.List(fields.Nested(ConfigSectionSchema))


class ConfigQuery(Query):
    """Which part is asked for."""

    section = Name(metadata={"description": "This section only.", "example": "web"})


def as_text(config: Mapping[str, Any]) -> str:
    """Return the answer as the text of a configuration file."""
    parts = []
    for section in config["sections"]:
        lines = "".join(f"{each['key']} = {each['value']}\n" for each in section["options"])
        parts.append(f"[{section['name']}]\n{lines}")
    return "\n".join(parts)

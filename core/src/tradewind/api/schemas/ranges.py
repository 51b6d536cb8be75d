"""Ranges in queries and bodies: `start_date_gte` and `start_date_lte` become one `Between`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import fields, validate

from tradewind.api.fields import Instant
from tradewind.metadata.statements.browsing.parts import Between

FIRST, LAST = "_gte", "_lte"
FARTHEST = 1e10  # seconds: three centuries


class Number(fields.Float):
    """A number that the database can compare with microseconds."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"validate": validate.Range(-FARTHEST, FARTHEST), **kwargs})


def instants(name: str, text: str) -> dict[str, fields.Field[Any]]:
    """Return the two parameters of a range of instants.

    Arguments:
        name: of what is compared.
        text: what that is, for the document.
    """
    return _pair(name, text, Instant)


def numbers(name: str, text: str) -> dict[str, fields.Field[Any]]:
    """Return the two parameters of a range of numbers."""
    return _pair(name, text, Number)


def _pair(name: str, text: str, kind: type[fields.Field[Any]]) -> dict[str, fields.Field[Any]]:
    return {
        f"{name}{FIRST}": kind(metadata={"description": f"Only where {text} is this or later."}),
        f"{name}{LAST}": kind(metadata={"description": f"Only where {text} is this or earlier."}),
    }


def with_ranges(ranges: Mapping[str, Between]) -> dict[str, Any]:
    """Return the parameters that ranges are made of, by the names of what is compared."""
    firsts = {f"{name}{FIRST}": each.first for name, each in ranges.items()}
    return firsts | {f"{name}{LAST}": each.last for name, each in ranges.items()}


def take_ranges(values: dict[str, Any], names: Iterable[str]) -> list[Between]:
    """Take the parameters of ranges out of what was read, and return the ranges."""
    return [Between(values.pop(f"{name}{FIRST}", None), values.pop(f"{name}{LAST}", None)) for name in names]

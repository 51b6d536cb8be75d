"""What many schemas are made of: pages, masks, collections."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import marshmallow as ma
from marshmallow import fields

from tradewind.api.fields import LARGEST, Flag, Whole, Words
from tradewind.operations.paging import Paging

MOST_ROWS = 100
FIELDS = "fields"
TOTAL = "total_entries"
TOTAL_TEXT = (
    "How many rows the whole list has. Of runs and task instances it is exact up to 10,000; beyond that it is the number of "
    "all that there are, whatever is asked for: never too small, so that who pages until there gets every row."
)


class Schema(ma.Schema):
    """A schema that takes no field that it does not know."""

    class Meta:
        """Settings of marshmallow."""

        unknown = ma.RAISE
        ordered = True

    def taken_apart(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values by the names of fields, or their attributes, that make these arguments of an operation.

        A schema that puts several fields together when it loads takes them apart here: so a request can be written from what
        an operation is asked with.
        """
        return dict(arguments)


@cache
def shared(schema: type[ma.Schema]) -> ma.Schema:
    """Return the one instance of a schema that all requests use: to make one copies every field, and takes a millisecond."""
    return schema()


class Query(Schema):
    """What stands behind the question mark, where numbers are written as texts."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Called by marshmallow for each field."""
        if isinstance(field_obj, fields.Integer | Flag):
            field_obj.strict = False


class PageQuery(Query):
    """Which part of a list is asked for; becomes one `Paging`, under the name `page`."""

    limit = Whole(
        load_default=MOST_ROWS,
        metadata={"description": f"Rows at most; 0 and numbers above {MOST_ROWS} mean {MOST_ROWS}.", "example": 25},
    )
    offset = Whole(load_default=0, metadata={"description": "Rows left out at the beginning.", "example": 0})

    @ma.post_load
    def _page(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        values["page"] = paging(values.pop("limit"), values.pop("offset"), values.pop("order_by", None))
        return values

    def taken_apart(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """See `Schema.taken_apart`."""
        values = super().taken_apart(arguments)
        page: Paging | None = values.pop("page", None)
        if page is not None:
            order = f"{'-' if page.is_descending else ''}{page.order_by}" if page.order_by else None
            values |= {"limit": page.limit, "offset": page.offset, "order_by": order}
        return values


def paging(limit: int, offset: int, order: str | None) -> Paging:
    """Return which part of a list is asked for.

    Arguments:
        limit: rows at most; 0 and more than 100 mean 100.
        order: what it is ordered by, with a minus before it downwards.
    """
    is_descending = order is not None and order.startswith("-")
    return Paging(min(limit or MOST_ROWS, MOST_ROWS), offset, order.lstrip("-") if order else None, is_descending)


def order_by(names: Collection[str]) -> fields.String:
    """Return the parameter that orders a list: by one of these names, with a minus before it the largest first."""
    return fields.String(
        validate=ma.validate.OneOf(
            [*sorted(names), *(f"-{name}" for name in sorted(names))],
            error=f"The list cannot be ordered by it: choose from {', '.join(sorted(names))}, with - before it downwards.",
        ),
        metadata={
            "description": "What the list is ordered by; with a minus before it the largest first.",
            "example": min(names),
        },
    )


def update_mask(schema: type[Schema]) -> Words:
    """Return the parameter that says which fields of the body count; the others are left as they are."""
    return Words(
        choices=[each.data_key or name for name, each in schema().fields.items()],
        metadata={"description": "Fields of the body that count, separated by commas; all by default."},
    )


def fields_of(schema: type[Schema]) -> Words:
    """Return the parameter that says which fields of an answer are wanted."""
    return Words(
        choices=list(schema().fields),
        metadata={
            "description": "Fields that the answer is to have, given several times or separated by commas; else all."
        },
    )


def collection(key: str, schema: type[Schema]) -> type[Schema]:
    """Return the schema of a page of a list.

    Arguments:
        key: under which name the rows stand.
        schema: of one row.
    """
    name = f"{schema.__name__.removesuffix('Schema')}Collection"
    members: Mapping[str, Any] = {
        key: fields.List(fields.Nested(schema), attribute="rows"),
        TOTAL: Whole(
            attribute="total",
            largest=LARGEST,
            metadata={"description": TOTAL_TEXT, "example": 1},
        ),
    }
    return type(name, (Schema,), {"__doc__": "A page of a list.", **members})

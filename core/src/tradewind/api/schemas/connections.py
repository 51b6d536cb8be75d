"""Connections in requests and answers: passwords go in, but never out."""

from __future__ import annotations

from marshmallow import fields, validate

from tradewind.api.fields import Flag, Hidden, Name, Text, Whole
from tradewind.api.schemas.common import PageQuery, Query, Schema, collection, order_by, update_mask
from tradewind.metadata.statements.connections import ORDERS
from tradewind.operations.connections import TEST_SECONDS

LARGEST_PORT = 65_535
LONGEST_NAME = 500
LONGEST_EXTRA = 200_000


class _Parts(Schema):
    """What a connection is made of, beside its id and what is secret."""

    description = Text(allow_none=True, metadata={"example": "Where the reports come from"})
    host = Text(longest=LONGEST_NAME, allow_none=True, metadata={"example": "db.example.com"})
    login = Text(allow_none=True, metadata={"example": "reader"})
    schema = Text(longest=LONGEST_NAME, allow_none=True, metadata={"example": "sales"})
    port = Whole(largest=LARGEST_PORT, allow_none=True, metadata={"example": 5432})


class ConnectionRowSchema(_Parts):
    """A connection in a list; its extra is stars, if there is one, unless `with_extra` asks for more."""

    connection_id = Name(attribute="conn_id", metadata={"example": "warehouse"})
    conn_type = Text(longest=LONGEST_NAME, metadata={"example": "sqlite"})
    has_password = Hidden(attribute="password", metadata={"example": True})
    extra = Text(longest=LONGEST_EXTRA, allow_none=True, metadata={"example": "***"})


class ConnectionSchema(ConnectionRowSchema):
    """A connection without its password; in its extra, what is secret is stars."""

    extra = Text(longest=LONGEST_EXTRA, allow_none=True, metadata={"example": '{"timeout": 5}'})


class _Secrets(_Parts):
    # Not `load_only`: remote commands write requests by these schemas
    password = Text(allow_none=True, metadata={"example": "analytical engine", "writeOnly": True})
    extra = Text(longest=LONGEST_EXTRA, allow_none=True, metadata={"example": '{"timeout": 5}'})


class ConnectionBody(_Secrets):
    """A connection to be created."""

    connection_id = Name(attribute="conn_id", required=True, metadata={"example": "warehouse"})
    conn_type = Name(required=True, metadata={"example": "sqlite"})


class ConnectionTestBody(_Secrets):
    """A connection to be tried; it need not be stored."""

    connection_id = Name(attribute="conn_id", metadata={"example": "warehouse"})
    conn_type = Name(required=True, metadata={"example": "sqlite"})


class ConnectionChange(_Secrets):
    """What is to be changed of a connection; stars in place of a secret leave it as it is."""

    connection_id = Name(attribute="conn_id", metadata={"example": "warehouse"})
    conn_type = Name(metadata={"example": "sqlite"})


class ConnectionTestSchema(Schema):
    """Whether a connection works."""

    status = fields.Boolean(metadata={"example": True})
    message = fields.String(metadata={"example": "Connection successfully tested"})


class ConnectionChangeQuery(Query):
    """Which fields count."""

    update_mask = update_mask(ConnectionChange)


class ConnectionListQuery(PageQuery):
    """Which connections are asked for."""

    order_by = order_by(ORDERS)
    connection_id = Name(attribute="conn_id", metadata={"example": "warehouse", "description": "This one only."})
    with_extra = Flag(
        metadata={"example": True, "description": "Show what is not secret of extras, in place of stars for the whole."}
    )


class ConnectionTestQuery(Query):
    """How long a test may take."""

    timeout = fields.Float(
        validate=validate.Range(0, TEST_SECONDS, min_inclusive=False),
        metadata={"example": 10, "description": "Seconds after which it counts as failed."},
    )


ConnectionCollection = collection("connections", ConnectionRowSchema)

"""XComs in requests and answers."""

from __future__ import annotations

from marshmallow import fields

from tradewind.api.fields import Instant, Json, Name, Whole
from tradewind.api.schemas.common import PageQuery, Query, Schema, collection


class XComItemSchema(Schema):
    """An XCom without its value."""

    dag_id = fields.String(metadata={"example": "reports"})
    execution_date = Instant(attribute="logical_date")
    key = fields.String(metadata={"example": "return_value"})
    map_index = fields.Integer(metadata={"example": -1})
    task_id = fields.String(metadata={"example": "extract"})
    timestamp = Instant(attribute="pushed_at")


class XComSchema(Schema):
    """An XCom."""

    dag_id = fields.String(attribute="row.dag_id", metadata={"example": "reports"})
    execution_date = Instant(attribute="row.logical_date")
    key = fields.String(attribute="row.key", metadata={"example": "return_value"})
    map_index = fields.Integer(attribute="row.map_index", metadata={"example": -1})
    task_id = fields.String(attribute="row.task_id", metadata={"example": "extract"})
    timestamp = Instant(attribute="row.pushed_at")
    value = Json(metadata={"example": "42"})


def _map_index() -> Whole:
    return Whole(smallest=-1, metadata={"description": "Which instance of a mapped task, from 0.", "example": -1})


class XComListQuery(PageQuery):
    """Which XComs are asked for."""

    map_index = _map_index()
    key = Name(data_key="xcom_key", metadata={"description": "Only those of this key.", "example": "return_value"})


class XComQuery(Query):
    """How the value of an XCom is asked for."""

    map_index = _map_index()
    deserialize = fields.Boolean(metadata={"description": "Changes nothing: values are JSON either way."})
    stringify = fields.Boolean(
        metadata={"description": "The value as a text, which is the default; else as JSON.", "example": True}
    )


XComCollection = collection("xcom_entries", XComItemSchema)

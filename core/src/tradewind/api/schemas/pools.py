"""Pools in requests and answers."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from tradewind.api.fields import Flag, Name, Whole
from tradewind.api.schemas.common import PageQuery, Query, Schema, collection, order_by, update_mask
from tradewind.metadata.statements.pools import ORDERS


class PoolSchema(Schema):
    """A pool with its use."""

    name = Name(metadata={"example": "default_pool"})
    slots = Whole(metadata={"example": 128})
    description = fields.String(allow_none=True, metadata={"example": "Tasks that name no pool run here"})
    include_deferred = fields.Constant(False, dump_only=True)
    occupied_slots = fields.Function(
        lambda pool: pool.queued + pool.running, metadata={"type": "integer", "example": 3}
    )
    running_slots = fields.Integer(attribute="running", metadata={"example": 2})
    queued_slots = fields.Integer(attribute="queued", metadata={"example": 1})
    open_slots = fields.Function(
        lambda pool: max(0, pool.slots - pool.queued - pool.running), metadata={"type": "integer", "example": 125}
    )


class _NoDeferred(Schema):
    """What Airflow's clients send along, and what can only be said in one way here."""

    include_deferred = Flag(
        validate=validate.Equal(False, error="Deferred tasks take no slot here: leave it out."),
        metadata={"example": False},
    )

    @ma.post_load
    def _drop(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        values.pop("include_deferred", None)
        return values


class PoolBody(_NoDeferred):
    """A pool to be created."""

    name = Name(required=True, metadata={"example": "reports"})
    slots = Whole(required=True, metadata={"example": 4})
    description = fields.String(allow_none=True, metadata={"example": "The report server takes four at once"})


class PoolChange(_NoDeferred):
    """What is to be changed of a pool."""

    new_name = Name(data_key="name", metadata={"example": "reports"})
    slots = Whole(metadata={"example": 8})
    description = fields.String(allow_none=True, metadata={"example": "Eight since the new server"})


class PoolChangeQuery(Query):
    """Which fields count."""

    update_mask = update_mask(PoolChange)


class PoolListQuery(PageQuery):
    """Which pools are asked for."""

    order_by = order_by(ORDERS)


PoolCollection = collection("pools", PoolSchema)

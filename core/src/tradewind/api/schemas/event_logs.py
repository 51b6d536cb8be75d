"""The audit log in requests and answers."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from tradewind.api.fields import Instant, Name, Whole, Words
from tradewind.api.schemas.common import PageQuery, Schema, collection, order_by
from tradewind.operations.event_logs import ORDERS


class EventLogSchema(Schema):
    """An entry of the audit log; `extra` is JSON, with what was before and after, secrets starred."""

    event_log_id = fields.Integer(attribute="id", metadata={"example": 1_718_281_828})
    when = Instant(attribute="at")
    event = fields.String(metadata={"example": "runs.trigger"})
    owner = fields.String(allow_none=True, metadata={"example": "ada"})
    dag_id = fields.String(allow_none=True, metadata={"example": "reports"})
    run_id = fields.String(allow_none=True, metadata={"example": "manual__1"})
    task_id = fields.String(allow_none=True, metadata={"example": "extract"})
    map_index = fields.Integer(allow_none=True, metadata={"example": -1})
    try_number = fields.Integer(allow_none=True, metadata={"example": 1})
    execution_date = Instant(attribute="logical_date", allow_none=True)
    extra = fields.String(allow_none=True, metadata={"example": '{"via": "token"}'})


class EventLogListQuery(PageQuery):
    """Which entries are asked for."""

    dag_id = Name(metadata={"description": "About this DAG.", "example": "reports"})
    task_id = Name(metadata={"description": "About tasks of this id.", "example": "extract"})
    run_id = Name(metadata={"description": "About runs of this id.", "example": "manual__1"})
    map_index = Whole(smallest=-1, metadata={"description": "About this mapped instance.", "example": 0})
    try_number = Whole(metadata={"description": "About this try.", "example": 1})
    event = Name(metadata={"description": "Of this operation.", "example": "runs.trigger"})
    owner = Name(metadata={"description": "Of what this user did.", "example": "ada"})
    before = Instant(metadata={"description": "Before this instant."})
    after = Instant(metadata={"description": "After this instant."})
    included_events = Words(
        attribute="included", metadata={"description": "Of these operations only.", "example": "runs.trigger,login"}
    )
    excluded_events = Words(
        attribute="excluded", metadata={"description": "Of these operations not.", "example": "login_failed"}
    )
    order_by = order_by(ORDERS)

    @ma.post_load
    def _filters(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        kept = {"limit", "offset", "order_by", "page", "dag_id"}
        filters = {name: values.pop(name) for name in list(values) if name not in kept}
        return values | ({"filters": filters} if filters else {})


EventLogCollection = collection("event_logs", EventLogSchema)

"""Deadlines and callbacks in requests and answers."""

from __future__ import annotations

from marshmallow import fields, validate

from tradewind.api.fields import Flag, Instant, Made, Name, Whole
from tradewind.api.parameters import LARGEST_ID
from tradewind.api.schemas.common import PageQuery, Schema, collection

MOST_NAMED = 1000


class DeadlineSchema(Schema):
    """A moment by which a run must have ended, or a task of it succeeded."""

    dag_id = fields.String(metadata={"example": "reports"})
    dag_run_id = fields.String(attribute="run_id", metadata={"example": "manual__1"})
    kind = fields.String(metadata={"example": "sla"})
    task_id = Made(
        lambda row: row.task_id or None,
        null="",
        metadata={"type": "string", "nullable": True, "description": "Null for the run itself.", "example": "load"},
    )
    seconds = fields.Float(metadata={"description": "How long was given.", "example": 3600.0})
    due_at = Instant(allow_none=True)
    missed_at = Instant(allow_none=True)


class DeadlineListQuery(PageQuery):
    """Which deadlines are asked for."""

    dag_id = Name(metadata={"description": "Of this DAG only.", "example": "reports"})
    missed = Flag(attribute="is_missed", metadata={"description": "Only those that were missed.", "example": True})


class CallbackSchema(Schema):
    """A callback that was not called yet, or of which not all that it calls has succeeded."""

    callback_id = fields.Integer(attribute="id", metadata={"example": 1})
    dag_id = fields.String(metadata={"example": "reports"})
    dag_run_id = fields.String(attribute="run_id", metadata={"example": "manual__1"})
    task_id = fields.String(allow_none=True, metadata={"example": "load"})
    map_index = fields.Integer(allow_none=True, metadata={"example": None})
    try_number = fields.Integer(allow_none=True, metadata={"example": 1})
    kind = fields.String(metadata={"example": "on_failure_callback"})
    names = fields.List(fields.String(), metadata={"description": "What it calls.", "example": ["alarm", "page"]})
    done = fields.List(
        fields.Integer(), metadata={"description": "Which of these have succeeded, by place, from 0.", "example": [0]}
    )
    attempts = fields.Integer(metadata={"example": 5})
    due_at = Instant(
        allow_none=True, metadata={"description": "When it is called; null for one that was given up.", "example": None}
    )
    worker = fields.String(
        allow_none=True, metadata={"description": "Who is calling it, at this moment.", "example": None}
    )
    error = fields.String(allow_none=True, metadata={"example": "page: OSError: no line"})


class CallbackListQuery(PageQuery):
    """Which callbacks are asked for."""

    dag_id = Name(metadata={"description": "Of this DAG only.", "example": "reports"})
    failed = Flag(attribute="is_given_up", metadata={"description": "Only those that were given up.", "example": True})


class CallbacksBody(Schema):
    """Which callbacks that were given up are meant; all of them or, where one is none of those, none."""

    callback_ids = fields.List(
        Whole(largest=LARGEST_ID),
        attribute="keys",
        required=True,
        validate=validate.Length(1, MOST_NAMED),
        metadata={"example": [1]},
    )


class ChangedCallbacksSchema(Schema):
    """How many callbacks something was done with."""

    number = fields.Integer(metadata={"example": 1})


DeadlineCollection = collection("deadlines", DeadlineSchema)
CallbackCollection = collection("callbacks", CallbackSchema)

"""Runs in requests and answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from tradewind.api.fields import Instant, JsonObject, Made, Name, Text, Whole, Words
from tradewind.api.schemas.common import (
    MOST_ROWS,
    PageQuery,
    Query,
    Schema,
    collection,
    fields_of,
    order_by,
    paging,
)
from tradewind.api.schemas.ranges import instants, take_ranges, with_ranges
from tradewind.metadata.statements.browsing.runs import ORDERS, TYPES, RunFilter

STATES = ("queued", "running", "success", "failed")
ALL = "~"
MOST_NAMES = 1000
LONGEST_NOTE = 1000
THEIRS = {"asset_triggered": "dataset_triggered"}  # ours -> Airflow 2's, where they differ
OURS = {theirs: ours for ours, theirs in THEIRS.items()}
KINDS = sorted(THEIRS.get(each, each) for each in TYPES)
RANGES = ("execution_date", "start_date", "end_date", "updated_at")
_OF_RANGES = {
    **instants("execution_date", "the logical date"),
    **instants("start_date", "the start"),
    **instants("end_date", "the end"),
}
_UPDATED = instants("updated_at", "the moment at which it took its state")


class RunSchema(Schema):
    """A run."""

    conf = Made(
        lambda run: json.loads(run.conf),
        reads=json.dumps,
        metadata={"type": "object", "additionalProperties": True, "example": {}},
    )
    dag_id = fields.String(metadata={"example": "reports"})
    dag_run_id = fields.String(attribute="run_id", metadata={"example": "manual__2026-11-23T12:00:00+00:00"})
    data_interval_end = Instant(allow_none=True)
    data_interval_start = Instant(allow_none=True)
    end_date = Instant(attribute="ended_at", allow_none=True)
    execution_date = Instant(attribute="logical_date", allow_none=True, dump_only=True)
    external_trigger = fields.Function(
        lambda run: run.run_type == "manual", metadata={"type": "boolean", "example": True}
    )
    last_scheduling_decision = fields.Constant(None, dump_only=True)
    logical_date = Instant(allow_none=True)
    note = fields.String(allow_none=True, metadata={"example": "for the auditors"})
    run_type = Made(
        lambda run: THEIRS.get(run.run_type, run.run_type),
        reads=lambda given: OURS.get(given, given),
        metadata={
            "type": "string",
            "enum": KINDS,
            "example": "manual",
        },
    )
    start_date = Instant(attribute="started_at", allow_none=True)
    state = fields.String(validate=validate.OneOf(STATES), metadata={"example": "success"})
    version_number = fields.Integer(
        attribute="version", metadata={"example": 3, "description": "The version of the DAG that it runs."}
    )


RunCollection = collection("dag_runs", RunSchema)


class RunQuery(Query.from_dict({"fields": fields_of(RunSchema)})):  # type: ignore[misc]  # made of parts
    """Which fields of a run are asked for."""


_RunFilters: Any = Query.from_dict(
    {
        **_OF_RANGES,
        **_UPDATED,
        "state": Words(
            choices=STATES, metadata={"description": "Only runs in these states; may be given several times."}
        ),
        "run_type": Words(
            choices=KINDS, metadata={"description": "Only runs of these types; may be given several times."}
        ),
        "order_by": order_by(ORDERS),
        "fields": fields_of(RunSchema),
    }
)


class RunListQuery(_RunFilters, PageQuery):  # type: ignore[misc]  # made of parts
    """Which runs of a list are asked for."""

    @ma.post_load
    def _filter(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        logical, started, ended, changed = take_ranges(values, RANGES)
        types = values.pop("run_type", None)
        values["wanted"] = RunFilter(
            states=values.pop("state", None),
            types=[OURS.get(each, each) for each in types] if types else None,
            logical=logical,
            started=started,
            ended=ended,
            changed=changed,
        )
        return values

    def taken_apart(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """See `Schema.taken_apart`."""
        values = super().taken_apart(arguments)
        wanted: RunFilter = values.pop("wanted")
        ranges = (wanted.logical, wanted.started, wanted.ended, wanted.changed)
        types = [THEIRS.get(each, each) for each in wanted.types] if wanted.types is not None else None
        return (
            values | with_ranges(dict(zip(RANGES, ranges, strict=True))) | {"state": wanted.states, "run_type": types}
        )


def names(text: str) -> fields.List[str]:
    """Return the member of a body that names things, at most 1,000 of them."""
    return fields.List(Name(), validate=validate.Length(max=MOST_NAMES), metadata={"description": text})


_RunForm: Any = Schema.from_dict(
    {
        **_OF_RANGES,
        "dag_ids": names("Only runs of these DAGs."),
        "states": fields.List(
            fields.String(validate=validate.OneOf(STATES), metadata={"example": "success"}),
            metadata={"description": "Only runs in these states."},
        ),
        "order_by": order_by(ORDERS),
        "page_limit": Whole(smallest=1, load_default=MOST_ROWS, metadata={"example": 25}),
        "page_offset": Whole(load_default=0, metadata={"example": 0}),
    }
)


class RunListForm(_RunForm):  # type: ignore[misc]  # made of parts
    """Which runs of several DAGs are asked for."""

    @ma.post_load
    def _filter(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        logical, started, ended = take_ranges(values, RANGES[:3])
        page = paging(values.pop("page_limit"), values.pop("page_offset"), values.pop("order_by", None))
        wanted = RunFilter(
            values.get("dag_ids"), states=values.get("states"), logical=logical, started=started, ended=ended
        )
        return {"page": page, "wanted": wanted}


class RunBody(Schema):
    """A run that is to be made; all of it may be left out."""

    run_id = Name(
        data_key="dag_run_id",
        allow_none=True,
        metadata={"example": "for_the_auditors"},
    )
    logical_date = Instant(allow_none=True)
    execution_date = Instant(allow_none=True, metadata={"description": "The former name of `logical_date`."})
    data_interval_start = Instant(allow_none=True)
    data_interval_end = Instant(allow_none=True)
    conf = JsonObject(load_default=dict, allow_none=True)
    note = Text(allow_none=True, longest=LONGEST_NOTE)

    @ma.validates_schema
    def _check(self, values: dict[str, Any], **_: Any) -> None:
        if values.get("run_id") == ALL:
            raise ma.ValidationError("No run can be called that: it stands for all runs.", "dag_run_id")
        begin, end = values.get("data_interval_start"), values.get("data_interval_end")
        if (begin is None) != (end is None):
            missing = "data_interval_start" if begin is None else "data_interval_end"
            raise ma.ValidationError("A data interval has a start and an end: give both, or none.", missing)
        if begin is not None and begin > end:
            raise ma.ValidationError("A data interval does not end before it starts.", "data_interval_end")
        dates = {values.get("logical_date"), values.get("execution_date")} - {None}
        if len(dates) > 1:
            raise ma.ValidationError("It has another value than logical_date: give one of the two.", "execution_date")

    @ma.post_load
    def _one_date(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        former = values.pop("execution_date", None)
        values["logical_date"] = values.get("logical_date") or former
        values["conf"] = values["conf"] or {}
        return values


class IdempotencyHeaders(Query):
    """What makes a request one that is done once, however often it is sent."""

    idempotency_key = Name(
        data_key="Idempotency-Key",
        validate=validate.Length(1, 128),
        metadata={
            "example": "5f1c-reports-2026-11-23",
            "description": "Sent again within a day, the same request gets the first answer again; another one is a conflict.",
        },
    )


class RunChange(Schema):
    """The state that a run is to have."""

    state = fields.String(
        required=True, validate=validate.OneOf(["success", "failed", "queued"]), metadata={"example": "success"}
    )


class ClearRunBody(Schema):
    """Whether only to show what would be cleared."""

    dry_run = fields.Boolean(load_default=True, metadata={"example": True})


class NoteBody(Schema):
    """A note; an empty one takes away what was there."""

    note = Text(
        required=True,
        allow_none=True,
        longest=LONGEST_NOTE,
        metadata={"example": "for the auditors"},
    )

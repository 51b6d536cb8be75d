"""Task instances in requests and answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from tradewind.api.fields import LARGEST, Instant, Made, Name, Whole
from tradewind.api.schemas.common import PageQuery, Query, Schema, collection, order_by, paging
from tradewind.api.schemas.ranges import instants, numbers, take_ranges, with_ranges
from tradewind.api.schemas.runs import MOST_NAMES, RunSchema, names
from tradewind.metadata.statements.browsing.instances import ORDERS, InstanceFilter
from tradewind.transitions.states import TaskState

NO_STATE = ("none", "null", "None")  # Airflow's words for what waits for its upstream: in answers it is null
STATES = (
    "success", "running", "failed", "upstream_failed", "skipped", "up_for_retry", "up_for_reschedule", "queued",
    "scheduled", "deferred", "removed", "restarting",
)  # fmt: skip
MARKS = ("success", "failed", "skipped")
RANGES = ("execution_date", "start_date", "end_date", "updated_at", "duration")
_OF_RANGES = {
    **instants("execution_date", "the run's logical date"),
    **instants("start_date", "the start"),
    **instants("end_date", "the end"),
    **numbers("duration", "the time from start to end, in seconds,"),
}
_UPDATED = instants("updated_at", "the moment at which it took its state")


class ClassSchema(Schema):
    """A class by its module and name."""

    class_name = fields.String(metadata={"example": "BashOperator"})
    module_path = fields.String(metadata={"example": "tradewind.operators.bash"})


class TriggerSchema(Schema):
    """What a deferred task instance waits for."""

    id = fields.Integer(attribute="id", metadata={"example": 1})
    classpath = fields.String(metadata={"example": "tradewind.triggers.temporal.DateTimeTrigger"})
    kwargs = fields.Constant("***", dump_only=True)  # maybe secret, so nobody decrypts them to show them
    created_date = Instant(attribute="deferred_at")
    triggerer_id = fields.Constant(None, dump_only=True)  # an integer in Airflow, where ours are names


class SlaMissSchema(Schema):
    """An SLA that was missed."""

    dag_id = fields.String(metadata={"example": "reports"})
    task_id = fields.String(metadata={"example": "extract"})
    execution_date = Instant(attribute="logical_date")
    timestamp = Instant(attribute="missed_at")
    description = fields.Constant(None, dump_only=True)
    email_sent = fields.Constant(False, dump_only=True)
    notification_sent = fields.Constant(True, dump_only=True)


class InstanceSchema(Schema):
    """A task instance."""

    cause = fields.String(
        attribute="row.cause",
        allow_none=True,
        metadata={"example": None, "description": "Why its last try did not succeed."},
    )
    dag_id = fields.String(attribute="row.dag_id", metadata={"example": "reports"})
    dag_run_id = fields.String(attribute="row.run_id", metadata={"example": "manual__2026-11-23T12:00:00+00:00"})
    duration = fields.Float(allow_none=True, metadata={"example": 1.5, "description": "Seconds."})
    end_date = Instant(attribute="ended_at", allow_none=True)
    execution_date = Instant(attribute="row.logical_date")
    executor = fields.String(attribute="row.executor", metadata={"example": "LocalExecutor"})
    executor_config = fields.Function(
        lambda view: json.dumps(view.executor_config, default=str), metadata={"type": "string", "example": "{}"}
    )
    hostname = fields.Function(lambda view: view.host or "", metadata={"type": "string", "example": "worker-1"})
    map_index = fields.Integer(attribute="row.map_index", metadata={"example": -1})
    max_tries = fields.Integer(attribute="row.max_tries", metadata={"example": 2})
    note = fields.String(attribute="row.note", allow_none=True, metadata={"example": "for the auditors"})
    operator = fields.String(allow_none=True, metadata={"example": "BashOperator"})
    pid = fields.Constant(None, dump_only=True)
    pool = fields.String(attribute="row.pool", metadata={"example": "default_pool"})
    pool_slots = fields.Integer(attribute="row.pool_slots", metadata={"example": 1})
    priority_weight = fields.Integer(attribute="row.priority", metadata={"example": 1})
    queue = fields.String(attribute="row.queue", metadata={"example": "default"})
    queued_when = Instant(attribute="row.queued_at", allow_none=True)
    rendered_fields = fields.Function(
        lambda _view: {}, metadata={"type": "object", "additionalProperties": True, "example": {}}
    )
    rendered_map_index = fields.String(attribute="row.label", allow_none=True, metadata={"example": "north"})
    sla_miss = fields.Function(
        lambda view: None if view.row.missed_at is None else SlaMissSchema().dump(view.row),
        metadata={"type": "object", "nullable": True, "additionalProperties": True, "example": None},
    )
    start_date = Instant(attribute="started_at", allow_none=True)
    state = Made(
        lambda view: None if view.state == TaskState.NONE else view.state,
        null=TaskState.NONE,
        metadata={"type": "string", "nullable": True, "example": "success"},
    )
    task_display_name = fields.String(attribute="display_name", metadata={"example": "extract"})
    task_id = fields.String(attribute="row.task_id", metadata={"example": "extract"})
    trigger = fields.Function(
        lambda view: None if view.row.classpath is None else TriggerSchema().dump(view.row),
        metadata={"type": "object", "nullable": True, "additionalProperties": True, "example": None},
    )
    triggerer_job = fields.Constant(None, dump_only=True)
    try_number = fields.Integer(metadata={"example": 1})
    unixname = fields.Constant("", dump_only=True)


InstanceCollection = collection("task_instances", InstanceSchema)


class InstanceStates(fields.List[Any]):
    """States of task instances, as Airflow calls them; null and its other names are ours of what waits."""

    def __init__(self, **kwargs: Any) -> None:
        one = fields.String(
            allow_none=True, validate=validate.OneOf([*STATES, *NO_STATE]), metadata={"example": "success"}
        )
        super().__init__(one, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        found = super()._deserialize(value, attr, data, **kwargs)
        return [TaskState.NONE if each is None or each in NO_STATE else each for each in found]


def _several(text: str) -> fields.List[str]:
    return fields.List(Name(), metadata={"description": f"{text}; may be given several times."})


_InstanceFilters: Any = Query.from_dict(
    {
        **_OF_RANGES,
        **_UPDATED,
        "state": InstanceStates(metadata={"description": "Only those in these states; may be given several times."}),
        "pool": _several("Only those of these pools"),
        "queue": _several("Only those of these queues"),
        "executor": _several("Only those of these executors"),
        "order_by": order_by(ORDERS),
    }
)


class InstanceListQuery(_InstanceFilters, PageQuery):  # type: ignore[misc]  # made of parts
    """Which task instances of a list are asked for."""

    @ma.post_load
    def _filter(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        logical, started, ended, changed, duration = take_ranges(values, RANGES)
        values["wanted"] = InstanceFilter(
            states=values.pop("state", None),
            pools=values.pop("pool", None),
            queues=values.pop("queue", None),
            executors=values.pop("executor", None),
            logical=logical,
            started=started,
            ended=ended,
            changed=changed,
            duration=duration,
        )
        return values

    def taken_apart(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """See `Schema.taken_apart`."""
        values = super().taken_apart(arguments)
        wanted: InstanceFilter = values.pop("wanted")
        ranges = (wanted.logical, wanted.started, wanted.ended, wanted.changed, wanted.duration)
        named = {"state": wanted.states, "pool": wanted.pools, "queue": wanted.queues, "executor": wanted.executors}
        return values | with_ranges(dict(zip(RANGES, ranges, strict=True))) | named


class MappedListQuery(InstanceListQuery):
    """Which instances of a mapped task are asked for."""


class TryListQuery(PageQuery):
    """Which tries are asked for."""

    order_by = order_by(["try_number", "id"])


_InstanceForm: Any = Schema.from_dict(
    {
        **_OF_RANGES,
        "dag_ids": names("Only of these DAGs."),
        "dag_run_ids": names("Only of runs with these ids."),
        "task_ids": names("Only of tasks with these ids."),
        "state": InstanceStates(metadata={"description": "Only those in these states."}),
        "pool": names("Only those of these pools."),
        "queue": names("Only those of these queues."),
        "executor": names("Only those of these executors."),
        "page_limit": Whole(smallest=1, load_default=100, metadata={"example": 25}),
        "page_offset": Whole(load_default=0, metadata={"example": 0}),
    }
)


class InstanceListForm(_InstanceForm):  # type: ignore[misc]  # made of parts
    """Which task instances of several DAGs and runs are asked for."""

    @ma.post_load
    def _filter(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        logical, started, ended, _changed, duration = take_ranges(values, RANGES)
        wanted = InstanceFilter(
            dag_ids=values.get("dag_ids"),
            run_ids=values.get("dag_run_ids"),
            task_ids=values.get("task_ids"),
            states=values.get("state"),
            pools=values.get("pool"),
            queues=values.get("queue"),
            executors=values.get("executor"),
            logical=logical,
            started=started,
            ended=ended,
            duration=duration,
        )
        page = paging(values.pop("page_limit"), values.pop("page_offset"), None)
        return {"page": page, "wanted": wanted}


class ReferenceSchema(Schema):
    """A task instance by its name."""

    dag_id = fields.String(metadata={"example": "reports"})
    dag_run_id = fields.String(attribute="run_id", metadata={"example": "manual__2026-11-23T12:00:00+00:00"})
    execution_date = Instant(attribute="logical_date")
    map_index = fields.Integer(metadata={"example": -1})
    task_id = fields.String(metadata={"example": "extract"})


class ReferenceCollection(Schema):
    """Task instances by their names."""

    task_instances = fields.Function(
        lambda found: ReferenceSchema(many=True).dump(found),
        metadata={"type": "array", "items": {"type": "object"}, "example": []},
    )


class ClearRunAnswer(RunSchema):
    """The run that was cleared; or, where that was only to be shown, its task instances."""

    task_instances = fields.List(fields.Nested(ReferenceSchema))


class DependencySchema(Schema):
    """What a task instance waits for."""

    name = fields.String(metadata={"example": "Trigger Rule"})
    reason = fields.String(metadata={"example": "Its trigger rule all_success waits for 'extract' (running)."})


class DependencyCollection(Schema):
    """What a task instance waits for; nothing where it has all that it needs."""

    dependencies = fields.Function(
        lambda found: DependencySchema(many=True).dump(found),
        metadata={"type": "array", "items": {"type": "object"}, "example": []},
    )


class LinkSchema(Schema):
    """The links that a task's operator gives, by name."""


class _TaskIds(fields.Field[Any]):
    """Ids of tasks, each alone or with the index of one instance: `["extract", ["load", 3]]`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[tuple[str, int | None]]:
        if not isinstance(value, list) or not 1 <= len(value) <= MOST_NAMES:
            raise ma.ValidationError(f"Not a list of 1 to {MOST_NAMES} ids of tasks.")
        return [self._one(each) for each in value]

    def _one(self, value: Any) -> tuple[str, int | None]:
        task_id, index = value if isinstance(value, list) and len(value) == 2 else (value, None)
        is_index = index is None or (isinstance(index, int) and not isinstance(index, bool) and -1 <= index <= LARGEST)
        if not isinstance(task_id, str) or not is_index:
            raise ma.ValidationError('Each is the id of a task, or that with an index: ["load", 3].')
        return task_id, index


class ClearBody(Schema):
    """Which task instances of a DAG are to go again."""

    dry_run = fields.Boolean(load_default=True, metadata={"example": True})
    task_ids = _TaskIds(metadata={"example": ["extract", ["load", 3]]})
    run_id = Name(data_key="dag_run_id", allow_none=True, metadata={"example": "manual__2026-11-23T12:00:00+00:00"})
    start_date = Instant(allow_none=True, metadata={"example": None})
    end_date = Instant(allow_none=True, metadata={"example": None})
    only_failed = fields.Boolean(load_default=True)
    only_running = fields.Boolean(load_default=False)
    include_upstream = fields.Boolean(load_default=False)
    include_downstream = fields.Boolean(load_default=False)
    include_future = fields.Boolean(load_default=False)
    include_past = fields.Boolean(load_default=False)
    include_subdags = fields.Boolean(
        load_default=False, metadata={"description": "There are none: it changes nothing."}
    )
    include_parentdag = fields.Boolean(
        load_default=False, metadata={"description": "There are none: it changes nothing."}
    )
    reset_dag_runs = fields.Boolean(
        load_default=True, metadata={"description": "A run that had ended is always queued again: it changes nothing."}
    )

    @ma.validates_schema
    def _check(self, values: dict[str, Any], **_: Any) -> None:
        if values["only_failed"] and values["only_running"]:
            raise ma.ValidationError(
                "Nothing is failed and running: choose one of only_failed and only_running.", "only_running"
            )
        begin, end = values.get("start_date"), values.get("end_date")
        if begin is not None and end is not None and begin > end:
            raise ma.ValidationError("It is before start_date.", "end_date")
        if values.get("run_id") and (begin or end):
            raise ma.ValidationError("A run is named by its id or found by dates, not by both.", "dag_run_id")
        if not values.get("run_id") and (values["include_past"] or values["include_future"]) and not (begin or end):
            raise ma.ValidationError("Past and future of which run? Name one.", "dag_run_id")

    @ma.post_load
    def _drop(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        for name in ("include_subdags", "include_parentdag", "reset_dag_runs"):
            values.pop(name)
        return values


def _new_state() -> fields.String:
    return fields.String(required=True, validate=validate.OneOf(MARKS), metadata={"example": "success"})


class MarkBody(Schema):
    """How a task instance is to have ended."""

    dry_run = fields.Boolean(load_default=True, metadata={"example": True})
    new_state = _new_state()


class MarkManyBody(Schema):
    """How a task is to have ended, with others around it and in other runs."""

    dry_run = fields.Boolean(load_default=True, metadata={"example": True})
    task_id = Name(required=True, metadata={"example": "extract"})
    run_id = Name(data_key="dag_run_id", allow_none=True, metadata={"example": "manual__2026-11-23T12:00:00+00:00"})
    execution_date = Instant(allow_none=True, metadata={"example": None})
    include_upstream = fields.Boolean(load_default=False)
    include_downstream = fields.Boolean(load_default=False)
    include_future = fields.Boolean(load_default=False)
    include_past = fields.Boolean(load_default=False)
    new_state = _new_state()

    @ma.validates_schema
    def _check(self, values: dict[str, Any], **_: Any) -> None:
        if (values.get("run_id") is None) == (values.get("execution_date") is None):
            raise ma.ValidationError("Name the run by one of dag_run_id and execution_date.", "dag_run_id")

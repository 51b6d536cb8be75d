"""DAGs in requests and answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import marshmallow as ma
from marshmallow import fields
from tradewind_plugins.assets import Asset, AssetAlias, AssetAll, AssetAny, BaseAsset

from tradewind.api.fields import Instant, Made, Name, Words
from tradewind.api.schemas.common import PageQuery, Query, Schema, collection, fields_of, order_by, update_mask
from tradewind.authoring.params import Param
from tradewind.metadata.statements.browsing.dags import ORDERS, DagFilter
from tradewind.operations.dag_sources import token_of
from tradewind.operations.dags.reading import DagView
from tradewind.timetables import DeltaDataIntervalTimetable
from tradewind.timetables.lengths import Length

EVERYTHING = "~"
MOMENTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")
PARTS = ("years", "months", "days", "leapdays", "hours", "minutes", "seconds", "microseconds")
_LENGTH = {
    "type": "object",
    "nullable": True,
    "additionalProperties": True,
    "example": {"__type": "TimeDelta", "days": 0, "seconds": 300, "microseconds": 0},
}


def length(value: Length | float | None) -> dict[str, Any] | None:
    """Return a length of time as Airflow writes it."""
    if value is None:
        return None
    delta = timedelta(seconds=value) if isinstance(value, int | float) else value
    if isinstance(delta, timedelta):
        return {
            "__type": "TimeDelta",
            "days": delta.days,
            "seconds": delta.seconds,
            "microseconds": delta.microseconds,
        }
    parts = {name: getattr(delta, name) for name in PARTS}
    # A length names no moment; but Airflow's client wants a number for each
    return {"__type": "RelativeDelta", **parts, **dict.fromkeys(MOMENTS, 0)}


def param_as(param: Param) -> dict[str, Any]:
    """Return a param as Airflow writes it."""
    return {
        "__class": "airflow.models.param.Param",
        "value": param.value,
        "description": param.description,
        "schema": param.schema,
    }


def expression(condition: BaseAsset | None) -> Any:
    """Return a condition on assets as Airflow writes it: URIs in `any` and `all`; None for none."""
    if condition is None:
        return None
    if isinstance(condition, Asset):
        return condition.uri
    if isinstance(condition, AssetAlias):
        return {"alias": condition.name}
    members = condition.objects if isinstance(condition, AssetAll | AssetAny) else ()
    return {"any" if isinstance(condition, AssetAny) else "all": [expression(each) for each in members]}


def catchup_word(catchup: bool | str) -> str:
    """Return the word for what a DAG makes up for: `all`, `latest` or `none`."""
    return catchup if isinstance(catchup, str) else "all" if catchup else "latest"


def json_list(text: str) -> list[Any]:
    """Return the elements of a list that is written as JSON."""
    found: list[Any] = json.loads(text)
    return found


def _schedule(view: DagView) -> dict[str, Any] | None:
    timetable = None if view.graph is None else view.graph.timetable
    if timetable is None or timetable.kind == "none":
        return None
    if isinstance(timetable, DeltaDataIntervalTimetable):
        return length(timetable.delta)
    if timetable.kind == "assets":
        return {"__type": "CronExpression", "value": "Dataset"}
    text = timetable.to_spec().get("expression", timetable.summary)
    return {"__type": "CronExpression", "value": text}


def _of_graph(name: str, default: Any = None) -> Any:
    def read(view: DagView) -> Any:
        return default if view.graph is None else getattr(view.graph, name)

    return read


def _next(name: str) -> Any:
    return lambda view: view.next_run.get(name)


_NULLABLE_INSTANT = {
    "type": "string",
    "format": "date-time",
    "nullable": True,
    "example": "2026-11-23T12:00:00+00:00",
}


class TagSchema(Schema):
    """A tag of a DAG."""

    name = fields.String(metadata={"example": "finance"})


class DagSchema(Schema):
    """A DAG."""

    dag_display_name = Made(
        lambda view: view.row.dag_id if view.graph is None else view.graph.display_name,
        attribute="graph.display_name",
        metadata={"type": "string", "example": "Reports"},
    )
    dag_id = fields.String(attribute="row.dag_id", metadata={"example": "reports"})
    default_view = fields.Constant("grid", dump_only=True)
    description = fields.String(attribute="row.description", allow_none=True)
    file_token = fields.Function(
        lambda view: token_of(view.row.bundle, view.row.path), metadata={"type": "string", "example": "Zm9vYmFy"}
    )
    fileloc = fields.String(attribute="row.path", metadata={"example": "reports.py"})
    has_import_errors = fields.Function(
        lambda view: view.row.error is not None, metadata={"type": "boolean", "example": False}
    )
    has_task_concurrency_limits = fields.Function(
        lambda view: view.graph is not None and bool(view.graph.task_limits),
        metadata={"type": "boolean", "example": False},
    )
    is_active = fields.Boolean(attribute="row.is_active", metadata={"example": True})
    is_paused = fields.Boolean(attribute="row.is_paused")
    is_subdag = fields.Constant(False, dump_only=True)
    last_expired = fields.Constant(None, dump_only=True)
    last_parsed_time = Instant(attribute="row.parsed_at", allow_none=True)
    last_pickled = fields.Constant(None, dump_only=True)
    max_active_runs = fields.Integer(attribute="row.max_active_runs", metadata={"example": 16})
    max_active_tasks = fields.Integer(attribute="row.max_active_tasks", metadata={"example": 16})
    max_consecutive_failed_dag_runs = Made(
        _of_graph("max_consecutive_failed_runs", 0),
        attribute="graph.max_consecutive_failed_runs",
        metadata={"type": "integer", "example": 0},
    )
    next_dagrun = fields.Function(_next("logical_date"), metadata=_NULLABLE_INSTANT)
    next_dagrun_create_after = Instant(attribute="row.due_at", allow_none=True)
    next_dagrun_data_interval_end = fields.Function(_next("data_interval_end"), metadata=_NULLABLE_INSTANT)
    next_dagrun_data_interval_start = fields.Function(_next("data_interval_start"), metadata=_NULLABLE_INSTANT)
    owners = Made(
        lambda view: [] if view.graph is None else sorted(view.graph.owners),
        attribute="row.owners",
        reads=", ".join,
        metadata={"type": "array", "items": {"type": "string"}, "example": ["finance"]},
    )
    pickle_id = fields.Constant(None, dump_only=True)
    root_dag_id = fields.Constant(None, dump_only=True)
    schedule_interval = fields.Function(
        _schedule, metadata={**_LENGTH, "example": {"__type": "CronExpression", "value": "0 0 * * *"}}
    )
    scheduler_lock = fields.Constant(None, dump_only=True)
    tags = Made(
        lambda view: [{"name": each} for each in json_list(view.row.tags)],
        attribute="row.tags",
        reads=lambda given: json.dumps([each["name"] for each in given]),
        metadata={"type": "array", "items": {"type": "object"}, "example": [{"name": "finance"}]},
    )
    timetable_description = Made(
        lambda view: None if view.graph is None else view.graph.timetable.summary,
        attribute="graph.timetable.summary",
        metadata={"type": "string", "nullable": True, "example": "0 0 * * *"},
    )


DagCollection = collection("dags", DagSchema)
_ANYTHING = {"type": "object", "nullable": True, "additionalProperties": True, "example": None}


class DagDetailSchema(DagSchema):
    """A DAG with all that its newest version says."""

    catchup = fields.Function(
        lambda view: view.graph.catchup is not False, metadata={"type": "boolean", "example": False}
    )
    concurrency = fields.Integer(attribute="row.max_active_tasks", dump_only=True, metadata={"example": 16})
    dag_run_timeout = fields.Function(lambda view: length(view.graph.dagrun_timeout), metadata=_LENGTH)
    dataset_expression = fields.Function(
        lambda view: expression(view.graph.timetable.asset_condition), metadata=_ANYTHING
    )
    doc_md = fields.String(attribute="graph.doc", allow_none=True)
    end_date = Instant(attribute="graph.end_date", allow_none=True)
    is_paused_upon_creation = fields.Boolean(attribute="graph.is_paused_upon_creation", allow_none=True)
    last_parsed = Instant(attribute="row.parsed_at", allow_none=True, dump_only=True)
    orientation = fields.Constant("LR", dump_only=True)
    params = fields.Function(
        lambda view: {name: param_as(each) for name, each in view.graph.params.items()},
        metadata={"type": "object", "additionalProperties": True, "example": {}},
    )
    render_template_as_native_obj = fields.Constant(False, dump_only=True)
    start_date = Instant(attribute="graph.start_date", allow_none=True)
    template_search_path = fields.Constant(None, dump_only=True)
    timezone = fields.String(attribute="graph.timezone", metadata={"example": "UTC"})
    catchup_mode = Made(
        lambda view: catchup_word(view.graph.catchup),
        attribute="graph.catchup",
        metadata={"type": "string", "enum": ["all", "latest", "none"], "example": "latest"},
    )
    owner_links = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        attribute="graph.owner_links",
        metadata={"example": {"finance": "https://example.org/finance"}},
    )
    owners = Made(
        lambda view: sorted(view.graph.owners),
        attribute="graph.owners",
        metadata={"type": "array", "items": {"type": "string"}, "example": ["finance"]},
    )
    param_specs = Made(
        lambda view: {name: each.to_spec() for name, each in view.graph.params.items()},
        attribute="graph.params",
        reads=lambda given: {name: Param.from_spec(each) for name, each in given.items()},
        metadata={
            "type": "object",
            "additionalProperties": True,
            "description": "The params once more: one without a default is another than one whose default is null.",
            "example": {"n": {"schema": {"type": "integer"}, "default": 3}},
        },
    )
    quarantine = fields.String(
        attribute="row.quarantine",
        allow_none=True,
        metadata={"description": "Why it is set aside; null where it is not.", "example": None},
    )
    task_ids = Made(
        lambda view: list(view.graph.tasks) if view.shows_tasks else None,
        attribute="graph.tasks",
        null=(),
        metadata={
            "type": "array",
            "items": {"type": "string"},
            "nullable": True,
            "description": "Null to who may not see tasks.",
            "example": ["extract", "load"],
        },
    )
    version_number = fields.Integer(attribute="row.version", metadata={"example": 3})


class DagQuery(Query.from_dict({"fields": fields_of(DagSchema)})):  # type: ignore[misc]  # made of parts
    """Which fields of a DAG are asked for."""


class DagDetailQuery(Query.from_dict({"fields": fields_of(DagDetailSchema)})):  # type: ignore[misc]  # made of parts
    """Which fields of a DAG are asked for."""


def _tags() -> fields.List[str]:
    return fields.List(Name(), metadata={"description": "Only DAGs with one of these tags."})


_ACTIVE = {"description": "Only DAGs whose file is there.", "example": True}
_DagFilters: Any = Query.from_dict(
    {
        "tags": _tags(),
        "only_active": fields.Boolean(load_default=True, metadata=_ACTIVE),
        "paused": fields.Boolean(metadata={"description": "Only those that are paused; or with false, that are not."}),
        "dag_id_pattern": Name(metadata={"description": "A part of the id; % stands for anything.", "example": "rep"}),
        "order_by": order_by(ORDERS),
        "fields": fields_of(DagSchema),
    }
)


class DagListQuery(_DagFilters, PageQuery):  # type: ignore[misc]  # made of parts
    """Which DAGs are asked for."""

    @ma.post_load
    def _filter(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        return dag_filter(values)

    def taken_apart(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """See `Schema.taken_apart`."""
        values = super().taken_apart(arguments)
        wanted: DagFilter = values.pop("wanted")
        values |= {"tags": wanted.tags, "only_active": wanted.only_active, "paused": wanted.paused}
        return values | {"dag_id_pattern": wanted.pattern}


class DagChange(Schema):
    """What is to be changed of a DAG."""

    is_paused = fields.Boolean(metadata={"example": True})


class DagChangeQuery(Query):
    """Which fields count."""

    update_mask = update_mask(DagChange)


class DagsChangeQuery(PageQuery):
    """Which DAGs are to be changed."""

    dag_id_pattern = Name(
        required=True,
        metadata={"description": "A part of their ids; % stands for anything, ~ for all.", "example": "~"},
    )
    tags = _tags()
    only_active = fields.Boolean(load_default=True, metadata=_ACTIVE)
    update_mask = update_mask(DagChange)

    @ma.post_load
    def _filter(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        return dag_filter(values)


class StatsQuery(Query):
    """Whose runs are counted."""

    dag_ids = Words(required=True, metadata={"description": "Ids of DAGs, separated by commas.", "example": "reports"})


class StateCountSchema(Schema):
    """How many runs are in a state."""

    state = fields.String(metadata={"example": "success"})
    count = fields.Integer(metadata={"example": 1})


class DagStatsSchema(Schema):
    """How many runs of a DAG are in each state."""

    dag_id = fields.String(metadata={"example": "reports"})
    stats = fields.Function(
        lambda found: [{"state": state, "count": count} for state, count in found.counts.items()],
        metadata={
            "type": "array",
            "items": {"type": "object"},
            "example": [{"state": "success", "count": 1}],
        },
    )


StatsCollection = collection("dags", DagStatsSchema)


class SourceSchema(Schema):
    """The source of a DAG file."""

    content = fields.Function(lambda text: text, metadata={"type": "string", "example": "from tradewind import DAG"})


def dag_filter(values: dict[str, Any]) -> dict[str, Any]:
    """Put the parameters that say which DAGs are meant together."""
    pattern = values.pop("dag_id_pattern", None)
    values["wanted"] = DagFilter(
        tags=values.pop("tags", None),
        only_active=values.pop("only_active"),
        paused=values.pop("paused", None),
        pattern=None if pattern == EVERYTHING else pattern,
    )
    return values

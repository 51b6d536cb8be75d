"""Datasets and their events in requests and answers."""

from __future__ import annotations

from marshmallow import fields

from tradewind.api.fields import Instant, JsonObject, Name, Text, Whole, Words
from tradewind.api.parameters import LARGEST_ID, LONGEST_URI
from tradewind.api.schemas.common import PageQuery, Query, Schema, collection, order_by
from tradewind.metadata.statements.asset_pages import EVENT_ORDERS, ORDERS
from tradewind.metadata.statements.assets import ALIAS, ASSET

URI = "s3://bucket/key"


class ConsumingDagSchema(Schema):
    """A DAG that is scheduled on a dataset."""

    dag_id = fields.String(metadata={"example": "reports"})


class ProducingTaskSchema(Schema):
    """A task that makes a dataset, or reads it."""

    dag_id = fields.String(metadata={"example": "loading"})
    task_id = fields.String(metadata={"example": "load"})


class DatasetSchema(Schema):
    """A dataset with the DAGs that are scheduled on it and the tasks that make it."""

    id = fields.Integer(metadata={"example": 3_141_592_653})
    uri = fields.String(metadata={"example": URI})
    name = fields.String(metadata={"example": "sales"})
    kind = fields.String(metadata={"example": ASSET})
    group = fields.String(metadata={"example": "asset"})
    extra = JsonObject(allow_none=True)
    last_event_at = Instant(allow_none=True)
    consuming_dags = fields.List(fields.Nested(ConsumingDagSchema), attribute="consumers")
    producing_tasks = fields.List(fields.Nested(ProducingTaskSchema), attribute="producers")
    reading_tasks = fields.List(fields.Nested(ProducingTaskSchema), attribute="readers")


class DatasetListQuery(PageQuery):
    """Which datasets are asked for."""

    uri_pattern = Text(
        longest=LONGEST_URI,
        metadata={"description": "What the URI has in it; % stands for anything.", "example": "bucket"},
    )
    dag_ids = Words(
        metadata={"description": "DAGs of which one makes it or is scheduled on it.", "example": "reports,loading"}
    )
    named = Text(longest=LONGEST_URI, metadata={"description": "The URI, or the name.", "example": "sales"})
    kind = Words(
        choices=(ASSET, ALIAS),
        attribute="kinds",
        metadata={"description": "Datasets (`asset`, the default), aliases, or both.", "example": ASSET},
    )
    order_by = order_by(ORDERS)


class MadeRunSchema(Schema):
    """A run that an event made."""

    run_id = fields.String(metadata={"example": "asset_triggered__2026-11-23T12:00:00+00:00"})
    dag_id = fields.String(metadata={"example": "reports"})
    logical_date = Instant(allow_none=True)
    data_interval_start = Instant(allow_none=True)
    data_interval_end = Instant(allow_none=True)
    start_date = Instant(attribute="started_at", allow_none=True)
    end_date = Instant(attribute="ended_at", allow_none=True)
    state = fields.String(metadata={"example": "running"})


class DatasetEventSchema(Schema):
    """An event that tells of new data, with the runs that it made."""

    id = fields.Integer(metadata={"example": 2_718_281_828})
    dataset_id = fields.Integer(attribute="asset", metadata={"example": 3_141_592_653})
    dataset_uri = fields.String(attribute="uri", metadata={"example": URI})
    dataset_name = fields.String(attribute="name", metadata={"example": "sales"})
    extra = JsonObject(allow_none=True)
    source_dag_id = fields.String(attribute="dag_id", allow_none=True, metadata={"example": "loading"})
    source_task_id = fields.String(attribute="task_id", allow_none=True, metadata={"example": "load"})
    source_run_id = fields.String(attribute="run_id", allow_none=True, metadata={"example": "manual__1"})
    source_map_index = fields.Integer(attribute="map_index", allow_none=True, metadata={"example": -1})
    created_dagruns = fields.List(fields.Nested(MadeRunSchema), attribute="runs")
    timestamp = Instant(attribute="at")


class ToldEventSchema(DatasetEventSchema):
    """An event that was told of now, with the number of DAGs that it waits for."""

    waits_for = fields.Integer(metadata={"example": 1})


class DatasetEventListQuery(PageQuery):
    """Which events are asked for."""

    dataset_id = Whole(largest=LARGEST_ID, metadata={"description": "Of this dataset.", "example": 1})
    alias_id = Whole(largest=LARGEST_ID, metadata={"description": "Told of by this alias.", "example": 1})
    source_dag_id = Name(metadata={"description": "Of tasks of this DAG.", "example": "loading"})
    source_task_id = Name(metadata={"description": "Of tasks of this id.", "example": "load"})
    source_run_id = Name(metadata={"description": "Of runs of this id.", "example": "manual__1"})
    source_map_index = Whole(smallest=-1, metadata={"description": "Of this mapped instance.", "example": 0})
    order_by = order_by(EVENT_ORDERS)


class DatasetEventBody(Schema):
    """That there is new data in a dataset."""

    dataset_uri = Text(
        attribute="uri",
        required=True,
        longest=LONGEST_URI,
        metadata={"example": URI},
    )
    extra = JsonObject(allow_none=True, metadata={"example": {"rows": 12}})


class QueuedEventSchema(Schema):
    """That events of a dataset wait to make a run of a DAG; `created_at` is when the first of them came."""

    dag_id = fields.String(metadata={"example": "reports"})
    uri = fields.String(metadata={"example": URI})
    created_at = Instant(attribute="at")


class BeforeQuery(Query):
    """Since when it waits."""

    before = Instant(metadata={"description": "Only what came before this instant."})


DatasetCollection = collection("datasets", DatasetSchema)
DatasetEventCollection = collection("dataset_events", DatasetEventSchema)
QueuedEventCollection = collection("queued_events", QueuedEventSchema)


class WatcherSchema(Schema):
    """A watcher of an asset: its trigger, which triggerer runs it, and what is wrong with it."""

    dag_id = fields.String(metadata={"example": "reports"})
    uri = fields.String(metadata={"example": URI})
    name = fields.String(metadata={"example": "of_folder"})
    classpath = fields.String(metadata={"example": "tradewind.triggers.file.FileTrigger"})
    triggerer = fields.String(allow_none=True, metadata={"example": None})
    due_at = Instant(allow_none=True)
    problem = fields.String(allow_none=True, metadata={"example": None})


class WatcherListQuery(PageQuery):
    """Which watchers are asked for."""


WatcherCollection = collection("watchers", WatcherSchema)

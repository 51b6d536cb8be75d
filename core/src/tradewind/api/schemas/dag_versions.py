"""Versions of DAGs in requests and answers."""

from __future__ import annotations

from marshmallow import fields

from tradewind.api.fields import Instant, Json
from tradewind.api.schemas.common import PageQuery, Schema, collection, order_by
from tradewind.metadata.statements.browsing.versions import ORDERS

HASH = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"


class DagVersionSchema(Schema):
    """A version of a DAG."""

    dag_id = fields.String(metadata={"example": "reports"})
    version_number = fields.Integer(attribute="number", metadata={"example": 3})
    created_at = Instant()
    bundle = fields.String(metadata={"example": "dags"})
    path = fields.String(metadata={"example": "reports.py"})
    structure_hash = fields.String(metadata={"example": HASH})
    source_hash = fields.String(metadata={"example": HASH})
    is_newest = fields.Boolean(metadata={"example": True, "description": "New runs get it."})


class DagVersionListQuery(PageQuery):
    """Which versions are asked for."""

    order_by = order_by(ORDERS)


class VersionTaskSchema(Schema):
    """A task of a version."""

    task_id = fields.String(metadata={"example": "extract"})
    operator = fields.String(metadata={"example": "tradewind.operators.bash:BashOperator"})
    upstream_task_ids = fields.List(fields.String(), attribute="upstream", metadata={"example": []})
    trigger_rule = fields.String(metadata={"example": "all_success"})
    pool = fields.String(metadata={"example": "default_pool"})
    retries = fields.Integer(metadata={"example": 0})


class SourceFileSchema(Schema):
    """A file of a version; the text is null where it is none, very long, or not kept any more."""

    path = fields.String(metadata={"example": "reports.py"})
    text = fields.String(allow_none=True, metadata={"example": "from tradewind import DAG\n"})


class DagVersionDetailSchema(Schema):
    """A version of a DAG with its sources, and its schedule and tasks."""

    version = fields.Nested(DagVersionSchema)
    schedule = fields.String(metadata={"example": "at 00:00"})
    tasks = fields.List(fields.Nested(VersionTaskSchema))
    files = fields.List(fields.Nested(SourceFileSchema))


class ChangeSchema(Schema):
    """What is otherwise in the second version; without a task it is the DAG's own."""

    task_id = fields.String(allow_none=True, metadata={"example": "extract"})
    field = fields.String(metadata={"example": "retries"})
    before = Json(allow_none=True, metadata={"example": 0})
    after = Json(allow_none=True, metadata={"example": 2})


class ComparisonSchema(Schema):
    """What differs between two versions."""

    before = fields.Nested(DagVersionSchema)
    after = fields.Nested(DagVersionSchema)
    sources = fields.String(metadata={"example": "--- reports.py\n+++ reports.py\n", "description": "A unified diff."})
    tasks_added = fields.List(fields.String(), metadata={"example": ["load"]})
    tasks_removed = fields.List(fields.String(), metadata={"example": []})
    changes = fields.List(fields.Nested(ChangeSchema))


DagVersionCollection = collection("dag_versions", DagVersionSchema)

"""Graphs of DAGs, and what DAGs mean for each other, in requests and answers."""

from __future__ import annotations

from marshmallow import fields, validate

from tradewind.api.schemas.common import PageQuery, Query, Schema, collection
from tradewind.operations.dags.drawing import FORMATS


class DrawingQuery(Query):
    """How a graph is drawn."""

    format = fields.String(
        attribute="style",
        validate=validate.OneOf(FORMATS),
        metadata={"description": "How it is written; by default `dot`.", "example": "mermaid"},
    )


class DrawingSchema(Schema):
    """A graph of tasks: for Graphviz, for pages that draw Mermaid, or indented for people."""

    content = fields.String(metadata={"example": 'flowchart LR\n    t0["extract"]\n'})


class NodeSchema(Schema):
    """A DAG or an asset."""

    kind = fields.String(validate=validate.OneOf(["dag", "asset"]), metadata={"example": "dag"})
    name = fields.String(metadata={"example": "reports"})


class DagDependencySchema(Schema):
    """What one DAG or asset means for another."""

    before = fields.Nested(NodeSchema)
    how = fields.String(metadata={"example": "triggers"})
    after = fields.Nested(NodeSchema)
    task_id = fields.String(
        metadata={"example": "go", "description": "The task that says so; empty where no task does."}
    )


class DagDependencyListQuery(PageQuery):
    """Which dependencies are asked for."""


DagDependencyCollection = collection("dependencies", DagDependencySchema)

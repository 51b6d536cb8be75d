"""Tasks in requests and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

from tradewind.api.fields import Instant, Made
from tradewind.api.schemas.common import Query, Schema, order_by, paging
from tradewind.api.schemas.dags import length, param_as
from tradewind.operations.dags.reading import TOPOLOGICAL
from tradewind.operations.paging import Paging

ORDERS = {
    "task_id": "task_id",
    "task_display_name": "display_name",
    "owner": "owner",
    "pool": "pool",
    "pool_slots": "pool_slots",
    "priority_weight": "priority",
    "queue": "queue",
    "retries": "retries",
    "start_date": "start_date",
    "end_date": "end_date",
    "trigger_rule": "trigger_rule",
    TOPOLOGICAL: TOPOLOGICAL,
}
_LENGTH = {
    "type": "object",
    "nullable": True,
    "additionalProperties": True,
    "example": {"__type": "TimeDelta", "days": 0, "seconds": 300, "microseconds": 0},
}


class TaskSchema(Schema):
    """A task of a DAG."""

    class_ref = fields.Function(
        lambda task: {"module_path": task.operator.partition(":")[0], "class_name": task.task_type},
        metadata={
            "type": "object",
            "additionalProperties": True,
            "example": {"module_path": "tradewind.operators.bash", "class_name": "BashOperator"},
        },
    )
    depends_on_past = fields.Boolean()
    doc_md = fields.String(attribute="doc", allow_none=True)
    downstream_task_ids = Made(
        lambda task: sorted(task.downstream),
        attribute="downstream",
        metadata={"type": "array", "items": {"type": "string"}, "example": ["load"]},
    )
    end_date = Instant(allow_none=True)
    execution_timeout = fields.Function(lambda task: length(task.execution_timeout), metadata=_LENGTH)
    executor = fields.String(allow_none=True)
    extra_links = fields.Function(
        lambda _task: [], metadata={"type": "array", "items": {"type": "object"}, "example": []}
    )
    is_mapped = fields.Boolean()
    operator_name = fields.String(attribute="task_type", metadata={"example": "BashOperator"})
    owner = fields.String(metadata={"example": "finance"})
    params = fields.Function(
        lambda task: {name: param_as(each) for name, each in task.params.items()},
        metadata={"type": "object", "additionalProperties": True, "example": {}},
    )
    pool = fields.String(metadata={"example": "default_pool"})
    pool_slots = fields.Integer(metadata={"example": 1})
    priority_weight = fields.Integer(attribute="priority", metadata={"example": 1})
    queue = fields.String(allow_none=True)
    retries = fields.Integer(metadata={"example": 2})
    retry_delay = fields.Function(lambda task: length(task.retry_delay), metadata=_LENGTH)
    retry_exponential_backoff = fields.Boolean()
    start_date = Instant(allow_none=True)
    task_display_name = fields.String(attribute="display_name", metadata={"example": "Extract"})
    task_id = fields.String(metadata={"example": "extract"})
    template_fields = fields.Function(
        lambda task: sorted(task.template_fields),
        metadata={"type": "array", "items": {"type": "string"}, "example": ["bash_command"]},
    )
    trigger_rule = fields.String(metadata={"example": "all_success"})
    ui_color = fields.String(metadata={"example": "#fff"})
    ui_fgcolor = fields.Constant("#000", dump_only=True)
    wait_for_downstream = fields.Boolean()
    weight_rule = fields.Constant("absolute", dump_only=True)  # `priority_weight` has the rule applied


class TaskCollection(Schema):
    """The tasks of a DAG."""

    tasks = fields.List(fields.Nested(TaskSchema), attribute="rows")
    total_entries = fields.Integer(attribute="total", metadata={"example": 1})


class TaskListQuery(Query):
    """In which order tasks are asked for."""

    order_by = order_by(ORDERS)

    @ma.post_load
    def _page(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        order = values.pop("order_by", None) or "task_id"
        name = ORDERS[order.lstrip("-")]
        return {"page": paging(0, 0, f"-{name}" if order.startswith("-") else name)}

    def taken_apart(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """See `Schema.taken_apart`."""
        values = super().taken_apart(arguments)
        page: Paging = values.pop("page")
        names = {ours: name for name, ours in ORDERS.items()}
        order = None if page.order_by is None else f"{'-' if page.is_descending else ''}{names[page.order_by]}"
        return values | {"order_by": order}

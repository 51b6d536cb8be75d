"""From a DAG to its canonical bytes: sorted keys, no spaces; what has its usual value is left out."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from tradewind_plugins.exceptions import SerializationError
from tradewind_plugins.mapped import MappedOperator
from tradewind_plugins.task_node import TaskNode
from tradewind_plugins.xcom_arg import XComArg

from tradewind.authoring.dag import DAG
from tradewind.authoring.params import Param, as_params
from tradewind.authoring.task_group import TaskGroup
from tradewind.operators.empty import EmptyOperator
from tradewind.plugins.codecs import canonical
from tradewind.serialization.defaults import DAG_DEFAULTS, TASK_DEFAULTS
from tradewind.serialization.display import displayed, import_name
from tradewind.serialization.model import SCHEMA
from tradewind.serialization.priorities import effective_priorities


def serialize(dag: DAG) -> bytes:
    """Return the canonical JSON of ``dag``: equal DAGs give equal bytes, in every process.

    Raises:
        SerializationError: a value that must survive as it is, such as a param's default, is no JSON.
        TradewindDagCycleException: the tasks depend on each other in a circle.
    """
    try:
        return canonical(_dag_fields(dag))
    except (TypeError, ValueError) as error:
        raise SerializationError(f"DAG {dag.dag_id!r} cannot be written as JSON: {error}.") from error


def structure_hash(serialized: bytes) -> str:
    """Return the SHA-256 of a serialized DAG, in hexadecimal."""
    return hashlib.sha256(serialized).hexdigest()


def _dag_fields(dag: DAG) -> dict[str, Any]:
    order = dag.topological_sort()
    rank = {task.task_id: index for index, task in enumerate(order)}
    priorities = effective_priorities(order)
    fields = {
        "catchup": dag.catchup,
        "description": dag.description,
        "doc": dag.doc_md,
        "edge_labels": [[*edge, label] for edge, label in sorted(dag.edge_labels.items())],
        "end_date": _moment(dag.end_date),
        "groups": [_group_fields(group) for _, group in sorted(dag.groups.items())],
        "is_paused_upon_creation": dag.is_paused_upon_creation,
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
        "params": _params(dag.params, f"DAG {dag.dag_id!r}"),
        "start_date": _moment(dag.start_date),
        "tags": dag.tags,
        "tasks": [_task_fields(task, rank, priorities[task.task_id]) for task in order],
        "timezone": dag.timezone,
    }
    return {
        "schema": SCHEMA,
        "dag_id": dag.dag_id,
        "timetable": dag.timetable.to_spec(),
        **_unusual(fields, DAG_DEFAULTS),
    }


def _unusual(fields: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in usual or value != usual[name]}


def _task_fields(task: TaskNode, rank: dict[str, int], priority: int) -> dict[str, Any]:
    operator_class: Any = task.operator_class  # type: ignore[attr-defined]
    group_id = task.task_group.group_id if task.task_group is not None else None
    fields: dict[str, Any] = {
        "do_xcom_push": task.do_xcom_push,
        "doc": task.doc_md,
        "downstream": sorted(task.downstream_task_ids, key=rank.__getitem__),
        "execution_timeout": task.execution_timeout.total_seconds() if task.execution_timeout is not None else None,
        "executor": task.executor,
        "group_id": group_id,
        "isolation": task.isolation,
        "is_empty": type(task) is EmptyOperator,
        "owner": task.owner,
        "params": _params(as_params(task.params), f"Task {task.task_id!r}"),
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "priority": priority,
        "queue": task.queue,
        "retries": task.retries,
        "retry_delay": task.retry_delay.total_seconds(),
        "template_fields": _template_fields(task, operator_class),
        "trigger_rule": task.trigger_rule.value,
        "ui_color": operator_class.ui_color,
    }
    if isinstance(task, MappedOperator):
        fields["expand"] = [[name, _length_of(value)] for name, value in task.values.items()]
        fields["expand_values"] = {
            name: displayed(value, name) for name, value in task.values.items() if not isinstance(value, XComArg)
        }
    return {"task_id": task.task_id, "operator": import_name(operator_class), **_unusual(fields, TASK_DEFAULTS)}


def _length_of(value: Any) -> Any:
    return [value.operator.task_id, value.key] if isinstance(value, XComArg) else len(value)


def _template_fields(task: TaskNode, operator_class: Any) -> dict[str, Any]:
    shared = task.arguments if isinstance(task, MappedOperator) else vars(task)
    shown = {}
    for name in operator_class.template_fields:
        value = shared.get(name)
        if value is not None and value not in ((), [], {}, ""):
            shown[name] = displayed(value, name)
    return shown


def _group_fields(group: TaskGroup) -> dict[str, Any]:
    parent = group.parent_group.group_id if group.parent_group is not None else None
    fields = {"parent_id": parent, "label": group.label, "tooltip": group.tooltip}
    return {"group_id": group.group_id, **_unusual(fields, {"parent_id": None, "tooltip": ""})}


def _params(params: dict[str, Param], where: str) -> dict[str, Any]:
    specs = {name: param.to_spec() for name, param in params.items()}
    for name, spec in specs.items():
        try:
            canonical(spec)
        except (TypeError, ValueError) as error:
            raise SerializationError(f"{where}: the param {name!r} cannot be written as JSON: {error}.") from error
    return specs


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value is not None else None

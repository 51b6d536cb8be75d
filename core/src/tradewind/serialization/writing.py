"""From a DAG to its canonical bytes: sorted keys, no spaces; what has its usual value is left out."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

from tradewind_plugins.exceptions import SerializationError
from tradewind_plugins.mapped import MappedOperator
from tradewind_plugins.task_node import TaskNode
from tradewind_plugins.xcom_arg import ConcatXComArg, MapXComArg, XComArg, ZipXComArg

from tradewind.authoring.calls import NEEDS_PROCESS, names_of_dag, names_of_task
from tradewind.authoring.dag import DAG
from tradewind.authoring.params import Param, as_params
from tradewind.authoring.rules import check_rules
from tradewind.authoring.task_group import TaskGroup
from tradewind.operators.empty import EmptyOperator
from tradewind.plugins.codecs import canonical, canonical_text
from tradewind.sensors.external_task import OWN_DATE, ExternalTaskMarker
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
        # Every key is a text by now: the names below, and those that `_params` and `displayed` have seen to
        return canonical_text(_dag_fields(dag)).encode()
    except (TypeError, ValueError) as error:
        raise SerializationError(f"DAG {dag.dag_id!r} cannot be written as JSON: {error}.") from error


def structure_hash(serialized: bytes) -> str:
    """Return the SHA-256 of a serialized DAG, in hexadecimal."""
    return hashlib.sha256(serialized).hexdigest()


def _dag_fields(dag: DAG) -> dict[str, Any]:
    check_rules(dag)
    order = dag.topological_sort()
    rank = {task.task_id: index for index, task in enumerate(order)}
    priorities = effective_priorities(order)
    fields = {
        "access_control": dag.access_control,
        "callbacks": names_of_dag(dag),
        "catchup": dag.catchup,
        "dagrun_timeout": None if dag.dagrun_timeout is None else dag.dagrun_timeout.total_seconds(),
        "deadlines": [[each.reference.moment, each.interval.total_seconds()] for each in dag.deadline],
        "description": dag.description,
        "display_name": dag.dag_display_name if dag.dag_display_name != dag.dag_id else None,
        "doc": dag.doc_md,
        "edge_labels": [[*edge, label] for edge, label in sorted(dag.edge_labels.items())],
        "end_date": _moment(dag.end_date),
        "fail_stop": dag.fail_stop,
        "groups": [_group_fields(group) for _, group in sorted(dag.groups.items())],
        "is_paused_upon_creation": dag.is_paused_upon_creation,
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
        "max_consecutive_failed_runs": dag.max_consecutive_failed_dag_runs,
        "owner_links": dag.owner_links,
        "params": _params(dag.params, f"DAG {dag.dag_id!r}"),
        "start_date": _moment(dag.earliest),
        "tags": dag.tags,
        "tasks": [_task_fields(task, rank, priorities[task.task_id]) for task in order],
        "timezone": dag.timezone,
        "watchers": _watchers(dag),
        "xcom_storage": dag.xcom_storage,
    }
    return {
        "schema": SCHEMA,
        "dag_id": dag.dag_id,
        "timetable": dag.timetable.to_spec(),
        **_unusual(fields, DAG_DEFAULTS),
    }


def _watchers(dag: DAG) -> list[list[str]]:
    """Return URI, name, class path and arguments (JSON) of the watchers of the assets that a DAG is scheduled on."""
    condition = dag.timetable.asset_condition
    leaves = [] if condition is None else condition.leaves()
    found = {}
    for asset in leaves:
        for each in getattr(asset, "watchers", ()):
            classpath, kwargs = each.trigger.serialize()
            where = f"DAG {dag.dag_id!r}: the arguments of the watcher {each.name!r} of {asset.name!r}"
            found[asset.uri, each.name] = [classpath, canonical_text(_plain(dict(kwargs), where))]
    return [[*key, *said] for key, said in sorted(found.items())]


def _unusual(fields: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in usual or value != usual[name]}


_SHARED = (
    "operator_class",
    "depends_on_past",
    "do_xcom_push",
    "doc_md",
    "execution_timeout",
    "executor",
    "ignore_first_depends_on_past",
    "is_setup",
    "is_teardown",
    "isolation",
    "max_active_tis_per_dag",
    "max_active_tis_per_dagrun",
    "max_retry_delay",
    "on_failure_fail_dagrun",
    "owner",
    "pool",
    "pool_slots",
    "queue",
    "retries",
    "retry_delay",
    "retry_exponential_backoff",
    "trigger_rule",
    "wait_for_downstream",
    "wait_for_past_depends_before_skipping",
)
"""Attributes that many tasks of a file have in common: by loops, by default_args, or by what is usual."""
_shared_of = attrgetter(*_SHARED)


def _task_fields(task: TaskNode, rank: dict[str, int], priority: int) -> dict[str, Any]:
    # A file may have thousands of tasks: nothing is made here for a field that has its usual value
    fields: dict[str, Any] = {"task_id": task.task_id, **_shared_fields(task)}
    if task.downstream_task_ids:
        fields["downstream"] = sorted(task.downstream_task_ids, key=rank.__getitem__)
    if task.task_group is not None and task.task_group.group_id is not None:
        fields["group_id"] = task.task_group.group_id
    if task.params:
        fields["params"] = _params(as_params(task.params), f"Task {task.task_id!r}")
    for name, assets in (("inlets", task.inlets), ("outlets", task.outlets)):
        if assets:
            fields[name] = [each.to_spec() for each in assets]
    callbacks = names_of_task(task)
    if callbacks:
        fields["callbacks"] = callbacks
    needs_process = task.outlets or callbacks.keys() & NEEDS_PROCESS
    if type(task) in (EmptyOperator, ExternalTaskMarker) and not needs_process:
        fields["is_empty"] = True
    if isinstance(task, ExternalTaskMarker):
        fields["marks"] = _marks(task)
    if priority != TASK_DEFAULTS["priority"]:
        fields["priority"] = priority
    fields.update(_rare_fields(task))
    if shown := _template_fields(task):
        fields["template_fields"] = shown
    if isinstance(task, MappedOperator):
        fields["expand"] = [[name, _length_of(value)] for name, value in task.values.items()]
        known = {name: displayed(value, name) for name, value in task.values.items() if not isinstance(value, XComArg)}
        fields |= {"expand_values": known} if known else {}
    return fields


_DOCS = (("doc", "text"), ("doc_json", "json"), ("doc_rst", "rst"), ("doc_yaml", "yaml"))


def _rare_fields(task: TaskNode) -> dict[str, Any]:
    """Return what few tasks say of themselves."""
    fields: dict[str, Any] = {}
    if docs := {kind: str(getattr(task, name)) for name, kind in _DOCS if getattr(task, name) is not None}:
        fields["docs"] = docs
    if task.task_display_name != task.task_id:
        fields["display_name"] = task.task_display_name
    if task.start_date is not None:
        fields["start_date"] = _moment(task.start_date)
    if task.end_date is not None:
        fields["end_date"] = _moment(task.end_date)
    if task.sla is not None:
        fields["sla"] = task.sla.total_seconds()
    if task.xcom_storage is not None:
        fields["xcom_storage"] = task.xcom_storage
    if task.executor_config:
        fields["executor_config"] = _plain(task.executor_config, f"Task {task.task_id!r}: executor_config")
    return fields


def _plain(value: Any, where: str) -> Any:
    """Return plain JSON of what may hold a client library's objects, such as a pod of the Kubernetes client."""
    if isinstance(value, dict):
        return {str(key): _plain(item, f"{where}[{key!r}]") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, where) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    told = value.to_dict() if callable(getattr(value, "to_dict", None)) else None
    if isinstance(told, dict):
        return {key: item for key, item in _plain(told, where).items() if item is not None}
    raise SerializationError(f"{where} is no JSON and has no to_dict() that gives a dict: {type(value).__name__}.")


def _shared_fields(task: TaskNode) -> dict[str, Any]:
    values = _shared_of(task)
    try:
        return _kept_fields(*values)
    except TypeError:  # one of them cannot be hashed, such as a queue that is a list
        return _unusual_shared(*values)


def _unusual_shared(operator_class: Any, *values: Any) -> dict[str, Any]:
    """Return what is written of attributes in the order of `_SHARED`."""
    fields = dict(zip(_SHARED[1:], values, strict=True))
    fields["doc"] = fields.pop("doc_md")
    for name in ("execution_timeout", "max_retry_delay"):
        fields[name] = fields[name].total_seconds() if fields[name] is not None else None
    fields["retry_delay"] = fields["retry_delay"].total_seconds()
    fields["trigger_rule"] = fields["trigger_rule"].value
    fields["ui_color"] = operator_class.ui_color
    return {"operator": import_name(operator_class), **_unusual(fields, TASK_DEFAULTS)}


# By type as well as by value: 1 and True are equal, and written differently
_kept_fields = lru_cache(maxsize=1024, typed=True)(_unusual_shared)


def _length_of(value: Any) -> Any:
    if isinstance(value, MapXComArg):
        return _length_of(value.sources[0])
    if isinstance(value, ZipXComArg):
        return {"longest" if value.is_longest else "zip": [_length_of(source) for source in value.sources]}
    if isinstance(value, ConcatXComArg):
        return {"concat": [_length_of(source) for source in value.sources]}
    return [value.operator.task_id, value.key] if isinstance(value, XComArg) else len(value)


def _template_fields(task: TaskNode) -> dict[str, Any]:
    shared = task.arguments if isinstance(task, MappedOperator) else vars(task)
    shown = {}
    for name in task.operator_class.template_fields:  # type: ignore[attr-defined]
        value = shared.get(name)
        if value is not None and value not in ((), [], {}, ""):
            shown[name] = displayed(value, name)
    return shown


def _marks(task: ExternalTaskMarker) -> dict[str, Any]:
    date = task.execution_date
    return {
        "dag_id": displayed(task.external_dag_id, "external_dag_id"),
        "task_id": displayed(task.external_task_id, "external_task_id"),
        "logical_date": None if date == OWN_DATE else date,
        "recursion_depth": task.recursion_depth,
    }


def _group_fields(group: TaskGroup) -> dict[str, Any]:
    parent = group.parent_group.group_id if group.parent_group is not None else None
    fields: dict[str, Any] = {"parent_id": parent, "label": group.label, "tooltip": group.tooltip}
    if group.mapped_over is not None:
        fields["expand"] = [[name, _length_of(value)] for name, value in group.mapped_over.values.items()]
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

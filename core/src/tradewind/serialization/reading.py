"""From bytes to a :class:`SerializedDag`, or to its head alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, TypeVar

from tradewind_plugins.assets import condition_of
from tradewind_plugins.contracts.codec import JsonCodec
from tradewind_plugins.exceptions import SerializationError

from tradewind.authoring.params import Param
from tradewind.plugins.codecs import StandardCodec
from tradewind.serialization.defaults import DAG_DEFAULTS, TASK_DEFAULTS
from tradewind.serialization.model import SCHEMA, DagHead, Joined, Mark, SerializedDag, SerializedGroup, SerializedTask
from tradewind.serialization.scopes import NO_SCOPE, ScopeOf, scopes_of
from tradewind.timetables import Timetable, from_spec

_STANDARD = StandardCodec()
_NOTHING: Mapping[str, tuple[str, ...]] = {}
Found = TypeVar("Found")


def deserialize(serialized: bytes | str, codec: JsonCodec = _STANDARD) -> SerializedDag:
    """Return the DAG that ``serialize`` has written.

    Args:
        serialized: the bytes, or the text.
        codec: what reads the JSON; every codec reads the same values.

    Raises:
        SerializationError: it is no serialized DAG, or one of a newer schema.
    """
    return _read(serialized, codec, _dag)


def read_head(serialized: bytes | str, codec: JsonCodec = _STANDARD) -> DagHead:
    """Return what a serialized DAG says of itself as a whole. Its tasks are not looked into, which makes it fast.

    Args:
        serialized, codec: as for :func:`deserialize`.

    Raises:
        SerializationError: as :func:`deserialize`.
    """
    return _read(serialized, codec, _head)


def _read(serialized: bytes | str, codec: JsonCodec, make: Callable[[Mapping[str, Any]], Found]) -> Found:
    data = serialized.encode() if isinstance(serialized, str) else serialized
    try:
        fields = codec.decode(data)
        schema = fields["schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise SerializationError(f"This is no serialized DAG: {error!r}.") from error
    if schema != SCHEMA:
        raise SerializationError(
            f"DAG {fields.get('dag_id')!r} is serialized in schema {schema!r}; this version of Tradewind reads {SCHEMA}."
        )
    try:
        return make({**DAG_DEFAULTS, **fields})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SerializationError(f"DAG {fields.get('dag_id')!r} is serialized wrongly: {error!r}.") from error


def _head(fields: Mapping[str, Any]) -> DagHead:
    return DagHead(**_of_head(fields))


def _dag(fields: Mapping[str, Any]) -> SerializedDag:
    groups = {group["group_id"]: _group(group) for group in fields["groups"]}
    return SerializedDag(
        **_of_head(fields),
        timezone=fields["timezone"],
        params=_params(fields["params"]),
        doc=fields["doc"],
        owner_links=fields["owner_links"],
        max_consecutive_failed_runs=fields["max_consecutive_failed_runs"],
        tasks=_tasks(fields["tasks"], groups),
        groups=groups,
        fail_stop=fields["fail_stop"],
        xcom_storage=fields["xcom_storage"],
        edge_labels={(before, after): label for before, after, label in fields["edge_labels"]},
        callbacks=_callbacks(fields["callbacks"]),
        dagrun_timeout=fields["dagrun_timeout"],
        deadlines=tuple((moment, seconds) for moment, seconds in fields["deadlines"]),
        slas={task["task_id"]: task["sla"] for task in fields["tasks"] if task.get("sla") is not None},
    )


def _of_head(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dag_id": fields["dag_id"],
        "display_name": fields["display_name"] or fields["dag_id"],
        "description": fields["description"],
        "timetable": _timetable(json.dumps(fields["timetable"], sort_keys=True)),
        "start_date": _moment(fields["start_date"]),
        "end_date": _moment(fields["end_date"]),
        "catchup": fields["catchup"],
        "max_active_runs": fields["max_active_runs"],
        "max_active_tasks": fields["max_active_tasks"],
        "is_paused_upon_creation": fields["is_paused_upon_creation"],
        "tags": tuple(fields["tags"]),
        "asset_uses": _asset_uses(fields),
        "owners": tuple(sorted({task.get("owner", TASK_DEFAULTS["owner"]) for task in fields["tasks"]})),
        "task_limits": tuple(_limits(fields["tasks"])),
        "access_control": fields["access_control"],
        "watchers": tuple((uri, name, classpath, kwargs) for uri, name, classpath, kwargs in fields["watchers"]),
    }


def _asset_uses(fields: Mapping[str, Any]) -> tuple[tuple[str, str, Any], ...]:
    condition = fields["timetable"].get("condition")
    of_schedule = [] if condition is None else [leaf.to_spec() for leaf in condition_of(condition).leaves()]
    uses = [("schedule", "", spec) for spec in of_schedule]
    for task in fields["tasks"]:
        for role, name in (("outlet", "outlets"), ("inlet", "inlets")):
            uses += [(role, task["task_id"], spec) for spec in task.get(name, ())]
    return tuple(uses)


def _limits(tasks: list[dict[str, Any]]) -> Iterator[tuple[str, int | None, int | None]]:
    for task in tasks:
        limits = (task.get("max_active_tis_per_dag"), task.get("max_active_tis_per_dagrun"))
        if limits != (None, None):
            yield task["task_id"], *limits


@lru_cache(maxsize=256)
def _timetable(spec: str) -> Timetable:
    """Return the timetable of a spec: a file that makes hundreds of DAGs gives most of them one schedule."""
    return from_spec(json.loads(spec))


def _tasks(all_fields: list[dict[str, Any]], groups: Mapping[str, SerializedGroup]) -> dict[str, SerializedTask]:
    upstream: dict[str, list[str]] = {fields["task_id"]: [] for fields in all_fields}
    for fields in all_fields:  # in order of rank, so that each list of upstream is too
        for task_id in fields.get("downstream", ()):
            upstream[task_id].append(fields["task_id"])
    scopes = scopes_of(all_fields, upstream)
    is_any_mapped = any(group.expand is not None for group in groups.values())
    return {
        fields["task_id"]: _task(
            {**TASK_DEFAULTS, **fields},
            rank,
            tuple(upstream[fields["task_id"]]),
            _mapped_group(fields.get("group_id"), groups) if is_any_mapped else None,
            scopes.get(fields["task_id"], NO_SCOPE),
        )
        for rank, fields in enumerate(all_fields)
    }


def _task(
    fields: Mapping[str, Any],
    rank: int,
    upstream: tuple[str, ...],
    mapped_group: SerializedGroup | None,
    scope: ScopeOf,
) -> SerializedTask:
    return SerializedTask(
        task_id=fields["task_id"],
        task_type=fields["operator"].rpartition(":")[2].rpartition(".")[2],
        operator=fields["operator"],
        rank=rank,
        upstream=upstream,
        downstream=tuple(fields["downstream"]),
        trigger_rule=fields["trigger_rule"],
        retries=fields["retries"],
        retry_delay=fields["retry_delay"],
        retry_exponential_backoff=fields["retry_exponential_backoff"],
        max_retry_delay=fields["max_retry_delay"],
        depends_on_past=fields["depends_on_past"],
        wait_for_downstream=fields["wait_for_downstream"],
        ignore_first_depends_on_past=fields["ignore_first_depends_on_past"],
        wait_for_past_depends_before_skipping=fields["wait_for_past_depends_before_skipping"],
        max_active_tis_per_dag=fields["max_active_tis_per_dag"],
        max_active_tis_per_dagrun=fields["max_active_tis_per_dagrun"],
        execution_timeout=fields["execution_timeout"],
        pool=fields["pool"],
        pool_slots=fields["pool_slots"],
        priority=fields["priority"],
        queue=fields["queue"],
        executor=fields["executor"],
        isolation=fields["isolation"],
        do_xcom_push=fields["do_xcom_push"],
        group_id=fields["group_id"],
        is_empty=fields["is_empty"],
        marks=Mark(**fields["marks"]) if fields["marks"] is not None else None,
        expand=_expand(fields["expand"]) if mapped_group is None else mapped_group.expand,
        is_setup=fields["is_setup"],
        is_teardown=fields["is_teardown"],
        on_failure_fail_dagrun=fields["on_failure_fail_dagrun"],
        setups=scope.setups,
        in_scope=scope.in_scope,
        mapped_group=None if mapped_group is None else mapped_group.group_id,
        expand_values=fields["expand_values"],
        owner=fields["owner"],
        doc=fields["doc"],
        docs=fields["docs"],
        display_name=fields["display_name"] or fields["task_id"],
        start_date=_moment(fields["start_date"]),
        end_date=_moment(fields["end_date"]),
        executor_config=fields["executor_config"],
        xcom_storage=fields["xcom_storage"],
        params=_params(fields["params"]),
        template_fields=fields["template_fields"],
        ui_color=fields["ui_color"],
        inlets=tuple(fields["inlets"]),
        outlets=tuple(fields["outlets"]),
        callbacks=_callbacks(fields["callbacks"]) if fields["callbacks"] else _NOTHING,
    )


def _callbacks(named: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {kind: tuple(names) for kind, names in named.items()}


def _expand(pairs: list[list[Any]] | None) -> Any:
    if pairs is None:
        return None
    return tuple((name, _length(length)) for name, length in pairs)


def _length(written: Any) -> Any:
    if isinstance(written, dict):
        [(how, parts)] = written.items()
        return Joined(how, tuple(map(_length, parts)))
    return tuple(written) if isinstance(written, list) else written


def _mapped_group(group_id: str | None, groups: Mapping[str, SerializedGroup]) -> SerializedGroup | None:
    """Return the mapped group that a group is or is in."""
    while group_id is not None:
        group = groups[group_id]
        if group.expand is not None:
            return group
        group_id = group.parent_id
    return None


def _group(fields: Mapping[str, Any]) -> SerializedGroup:
    return SerializedGroup(
        group_id=fields["group_id"],
        parent_id=fields.get("parent_id"),
        label=fields["label"],
        tooltip=fields.get("tooltip", ""),
        expand=_expand(fields.get("expand")),
    )


def _params(specs: Mapping[str, Any]) -> dict[str, Param]:
    return {name: Param.from_spec(spec) for name, spec in specs.items()}


@lru_cache(maxsize=256)
def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(timezone.utc) if text is not None else None

"""Print the structure of the DAGs of files as Apache Airflow sees it. Run by the interpreter of an Airflow environment:

    python airflow_structure.py --now 2026-06-01T12:00:00+00:00 FILE... > airflow.json

The environment needs time-machine beside Airflow, and a database that `airflow db migrate` has made. One result a file, in their
order: `{"file", "dags": [...], "error": null or text}`.
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import time_machine
from airflow.models.dagbag import DagBag
from airflow.models.mappedoperator import MappedOperator
from airflow.timetables.base import TimeRestriction
from airflow.utils.types import NOTSET
from forked import NotLoadedError, main

RUNS = 10


def load(file: Path, now: datetime) -> list[dict[str, Any]]:
    """Return the DAGs of a file as JSON values.

    Raises:
        NotLoadedError: Airflow has an import error for it.
    """
    bag = DagBag(dag_folder=os.devnull, include_examples=False)
    with time_machine.travel(now, tick=False):
        bag.process_file(str(file.resolve()), only_if_updated=False)
        if bag.import_errors:
            raise NotLoadedError("\n".join(bag.import_errors.values()))
        return [structure(dag) for _, dag in sorted(bag.dags.items())]


def structure(dag: Any) -> dict[str, Any]:
    """Return a DAG as JSON values; the next runs are counted from the present."""
    limits: TimeRestriction = dag._time_restriction  # a start date may be that of the tasks alone
    return {
        "dag_id": dag.dag_id,
        "schedule": schedule(dag.timetable),
        "catchup": dag.catchup,
        "start_date": moment(limits.earliest),
        "end_date": moment(limits.latest),
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
        "tags": sorted(dag.tags),
        "params": {name: plain(dag.params.get_param(name).value) for name in sorted(dag.params)},
        "tasks": {task.task_id: task_fields(task) for task in sorted(dag.tasks, key=lambda each: each.task_id)},
        "groups": {
            name: group_fields(group)
            for name, group in sorted(dag.task_group.get_task_group_dict().items(), key=lambda item: item[0] or "")
            if name is not None
        },
        "runs": next_runs(dag),
    }


def schedule(timetable: Any) -> dict[str, Any]:
    """Return a timetable as JSON values: its kind, and what it goes by."""
    name = type(timetable).__name__
    kinds = {
        "NullTimetable": "none",
        "OnceTimetable": "once",
        "ContinuousTimetable": "continuous",
        "CronDataIntervalTimetable": "cron",
        "CronTriggerTimetable": "cron_trigger",
        "DeltaDataIntervalTimetable": "delta",
        "DeltaTriggerTimetable": "delta_trigger",
        "EventsTimetable": "events",
        "DatasetTriggeredTimetable": "dataset",
        "DatasetOrTimeSchedule": "dataset_or_time",
    }
    found: dict[str, Any] = {"type": kinds.get(name, name)}
    if name == "EventsTimetable":
        found["moments"] = sorted({moment(each) for each in timetable.event_dates})
    elif hasattr(timetable, "_expression"):
        found |= {"expression": timetable._expression, "timezone": timetable._timezone.name}
    delta = getattr(timetable, "_delta", None)
    if delta is not None:
        found["seconds"] = delta.total_seconds() if isinstance(delta, timedelta) else repr(delta)
    if getattr(timetable, "_interval", None):
        found["interval"] = timetable._interval.total_seconds()
    return found


def task_fields(task: Any) -> dict[str, Any]:
    """Return a task as JSON values."""
    group = task.task_group.group_id if task.task_group is not None else None
    return {
        "operator": task.task_type,
        "upstream": sorted(task.upstream_task_ids),
        "trigger_rule": str(task.trigger_rule),
        "retries": task.retries,
        "retry_delay": task.retry_delay.total_seconds(),
        "retry_exponential_backoff": task.retry_exponential_backoff,
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "priority": task.priority_weight_total,
        "queue": task.queue,
        "owner": task.owner,
        "group": group,
        "is_mapped": isinstance(task, MappedOperator),
        "is_in_mapped_group": task.get_closest_mapped_task_group() is not None,
        "depends_on_past": task.depends_on_past,
        "wait_for_downstream": task.wait_for_downstream,
        "execution_timeout": task.execution_timeout.total_seconds() if task.execution_timeout else None,
        "do_xcom_push": task.partial_kwargs.get("do_xcom_push", True)
        if isinstance(task, MappedOperator)
        else task.do_xcom_push,
        "is_setup": task.is_setup,
        "is_teardown": task.is_teardown,
    }


def group_fields(group: Any) -> dict[str, Any]:
    """Return a group as JSON values."""
    parent = group.task_group
    return {"parent": parent.group_id if parent else None, "label": group.label, "tooltip": group.tooltip}


def next_runs(dag: Any) -> list[list[str | None]]:
    """Return the next runs: logical date, start and end of the data interval."""
    if not dag.timetable.can_be_scheduled:
        return []
    found, last = [], None
    for _ in range(RUNS):
        info = dag.next_dagrun_info(last)
        if info is None:
            break
        last = info.data_interval
        found.append([moment(info.logical_date), moment(last.start), moment(last.end)])
    return found


def moment(value: datetime | None) -> str | None:
    """Return a moment in UTC as text."""
    return None if value is None else value.astimezone(timezone.utc).isoformat()


def plain(value: Any) -> Any:
    """Return a param's value as JSON can hold it; a param without a value is told by a text."""
    return "<no default>" if value is NOTSET else json.loads(json.dumps(value, default=str))


if __name__ == "__main__":
    main(load)

"""Structures and outcomes in few bytes, for recordings that are committed: what is usual is left out, and put back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

USUAL_DAG: Mapping[str, Any] = {
    "schedule": {"type": "none"},
    "catchup": True,
    "start_date": None,
    "end_date": None,
    "max_active_runs": 16,
    "max_active_tasks": 16,
    "tags": [],
    "params": {},
    "groups": {},
    "runs": [],
}
USUAL_TASK: Mapping[str, Any] = {
    "upstream": [],
    "trigger_rule": "all_success",
    "retries": 0,
    "retry_delay": 300.0,
    "retry_exponential_backoff": False,
    "pool": "default_pool",
    "pool_slots": 1,
    "priority": 1,
    "queue": "default",
    "owner": "airflow",
    "group": None,
    "is_mapped": False,
    "is_in_mapped_group": False,
    "depends_on_past": False,
    "wait_for_downstream": False,
    "execution_timeout": None,
    "do_xcom_push": True,
    "is_setup": False,
    "is_teardown": False,
}


def small_structure(dag: Mapping[str, Any]) -> dict[str, Any]:
    """Return a structure without what is usual."""
    tasks = {name: _unusual(task, USUAL_TASK) for name, task in dag["tasks"].items()}
    return {**_unusual(dag, USUAL_DAG), "tasks": tasks}


def whole_structure(small: Mapping[str, Any]) -> dict[str, Any]:
    """Return the structure that `small_structure` was made of."""
    tasks = {name: {**USUAL_TASK, **task} for name, task in small["tasks"].items()}
    return {**USUAL_DAG, **small, "tasks": tasks}


def small_outcome(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Return an outcome with its tasks by what became of them."""
    ends: dict[str, list[str]] = {}
    for name, (state, tries) in outcome["tasks"].items():
        ends.setdefault(f"{state} {tries}", []).append(name)
    return {**outcome, "tasks": ends}


def whole_outcome(small: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outcome that `small_outcome` was made of."""
    tasks = {}
    for end, names in small["tasks"].items():
        state, _, tries = end.partition(" ")
        tasks.update({key: [state, int(tries)] for key in names})
    return {**small, "tasks": tasks}


def _unusual(values: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in usual or value != usual[name]}

"""The usual values, which are not written. They belong to schema 1 and never change within it."""

from __future__ import annotations

from typing import Any

DAG_DEFAULTS: dict[str, Any] = {
    "callbacks": {},
    "catchup": True,
    "description": None,
    "display_name": None,
    "doc": None,
    "edge_labels": [],
    "end_date": None,
    "groups": [],
    "is_paused_upon_creation": None,
    "max_active_runs": 16,
    "max_active_tasks": 16,
    "max_consecutive_failed_runs": 0,
    "owner_links": {},
    "params": {},
    "start_date": None,
    "tags": [],
    "timezone": "UTC",
}

TASK_DEFAULTS: dict[str, Any] = {
    "display_name": None,
    "callbacks": {},
    "do_xcom_push": True,
    "doc": None,
    "docs": {},
    "downstream": [],
    "end_date": None,
    "execution_timeout": None,
    "executor": None,
    "executor_config": {},
    "expand": None,
    "expand_values": {},
    "group_id": None,
    "inlets": [],
    "is_empty": False,
    "isolation": None,
    "marks": None,
    "outlets": [],
    "owner": "tradewind",
    "params": {},
    "pool": "default_pool",
    "pool_slots": 1,
    "priority": 1,
    "queue": None,
    "retries": 0,
    "retry_delay": 300.0,
    "start_date": None,
    "template_fields": {},
    "trigger_rule": "all_success",
    "ui_color": "#fff",
}

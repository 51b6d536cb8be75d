"""`airflow.models.taskinstancekey`."""

from __future__ import annotations

from typing import NamedTuple


class TaskInstanceKey(NamedTuple):
    """What tells a try from all others; equal to the tuple that `ti.key` is."""

    dag_id: str
    task_id: str
    run_id: str
    try_number: int = 1
    map_index: int = -1

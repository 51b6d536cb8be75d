"""The one argument of each behaving hook.

An event only ever gains fields with defaults, so old implementations go on working.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tradewind_plugins.declarations import AirflowAlias
from tradewind_plugins.values import Value

__all__ = ["DagParsed", "DagRunEnded", "ImportsBegin", "TaskInstanceEnded", "TaskParsed", "TaskTry"]


class DagParsed(Value):
    """A DAG as its file built it, before it is serialized.

    Args:
        dag: The DAG, which a policy may change.
        file: The path of the file, relative to the DAG folder (or to the copy of it that a run's version is).
    """

    dag: Any
    file: str


class ImportsBegin(Value):
    """A process that is about to import its first DAG file.

    Args:
        airflow_aliases: What the plugins declare by `tradewind_airflow_aliases`.
    """

    airflow_aliases: tuple[AirflowAlias, ...] = ()


class TaskParsed(Value):
    """A task of a DAG as its file built it, before it is serialized.

    Args:
        task: The operator, which a policy may change.
        dag: The DAG it belongs to.
        file: The path of the file, relative to the DAG folder (or to the copy of it that a run's version is).
    """

    task: Any
    dag: Any
    file: str


class TaskTry(Value):
    """One try of a task, in the process that runs it.

    Args:
        task: The operator, with its templates filled in.
        dag_id: The DAG.
        run_id: The run.
        task_id: The task.
        try_number: From 1; it counts attempts at the user's code.
        map_index: Which instance of a mapped task; -1 for a task that is not mapped.
        error: What it failed with, in `on_task_failed`.
        result: What it returned, in `on_task_success`.
    """

    task: Any
    dag_id: str
    run_id: str
    task_id: str
    try_number: int
    map_index: int = -1
    error: BaseException | None = None
    result: Any = None


class DagRunEnded(Value):
    """A run that ended. One that was cleared ends again, which is another event.

    Args:
        dag_id: The DAG.
        run_id: The run.
        state: `success` or `failed`.
        ended_at: When, in UTC.
        key: The event's own name. It is delivered at least once: what comes again has the same key.
    """

    dag_id: str
    run_id: str
    state: str
    ended_at: datetime
    key: str


class TaskInstanceEnded(Value):
    """A task instance that ended: after its last try, or without one.

    Args:
        dag_id: The DAG.
        run_id: The run.
        task_id: The task.
        state: `success`, `failed`, `skipped` or `upstream_failed`.
        try_number: Its last try, from 1; 0 where none began.
        ended_at: When, in UTC.
        key: The event's own name. It is delivered at least once: what comes again has the same key.
        map_index: Which instance of a mapped task; -1 for a task that is not mapped.
        cause: One line that says why it failed, where a try or an expansion left one.
    """

    dag_id: str
    run_id: str
    task_id: str
    state: str
    try_number: int
    ended_at: datetime
    key: str
    map_index: int = -1
    cause: str | None = None

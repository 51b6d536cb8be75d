"""What a branch and a short circuit skip."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.task_node import TaskNode


def chosen_ids(choice: Any, task: TaskNode) -> list[str]:
    """Return the ids that a branch has chosen: of tasks, or of groups, which stand for their first tasks.

    Raises:
        TradewindException: the choice is not an id, a list of ids or None, or there is no such task in the DAG.
    """
    ids = [] if choice is None else [choice] if isinstance(choice, str) else choice
    if not isinstance(ids, (list, tuple, set)) or not all(isinstance(task_id, str) for task_id in ids):
        raise TradewindException(
            f"Branch {task.task_id!r} must return a task id, a list of task ids or None, not {choice!r}."
        )
    dag: Any = task.dag
    unknown = sorted(task_id for task_id in ids if not dag.has_task(task_id))
    if unknown:
        raise TradewindException(f"Branch {task.task_id!r} chose {unknown[0]!r}, which is no task of its DAG.")
    return [task_id for each in ids for task_id in _tasks_of(dag, each)]


def _tasks_of(dag: Any, chosen: str) -> list[str]:
    group = dag.groups.get(chosen)
    return [chosen] if group is None else [task.task_id for task in group.first_tasks()]


def skipped_by_branch(task: TaskNode, chosen: Iterable[str]) -> list[str]:
    """Return the direct downstream of a branch that it skips: what is neither chosen nor after something chosen."""
    dag: Any = task.dag
    kept = set(chosen)
    for task_id in list(kept):
        kept |= dag.get_task(task_id).flat_relative_ids()
    return sorted(task.downstream_task_ids - kept)


def skipped_by_short_circuit(task: TaskNode, ignore_downstream_trigger_rules: bool) -> list[str]:
    """Return what a closed short circuit skips: all that comes after it, or only what comes directly after it."""
    ids = task.flat_relative_ids() if ignore_downstream_trigger_rules else task.downstream_task_ids
    dag: Any = task.dag
    return sorted(task_id for task_id in ids if not dag.get_task(task_id).is_teardown)


def apply_branch(context: Any, choice: Any) -> None:
    """Have the running branch skip what ``choice`` leaves out."""
    task = context["task"]
    context["ti"].skip_downstream(skipped_by_branch(task, chosen_ids(choice, task)))

"""Effective priorities: what a task's weight and weight rule come to in its DAG."""

from __future__ import annotations

from collections.abc import Sequence

from tradewind_plugins.task_node import TaskNode

LEAST, MOST = -(2**31), 2**31 - 1
"""What a column of whole numbers holds."""


def effective_priorities(tasks: Sequence[TaskNode]) -> dict[str, int]:
    """Return the effective priority of every task.

    ``absolute`` is the task's own weight; ``downstream`` adds the weights of all tasks after it, however far away, and
    ``upstream`` those of all before it.

    Args:
        tasks: all tasks of a DAG in topological order.
    """
    rules = {task.weight_rule for task in tasks}
    after = _closures(tasks[::-1], downstream=True) if "downstream" in rules else {}
    before = _closures(tasks, downstream=False) if "upstream" in rules else {}
    reach = {"downstream": after, "upstream": before, "absolute": {}}
    weights = [task.priority_weight for task in tasks]
    return {
        task.task_id: _storable(
            task.priority_weight + _weight_of(reach[task.weight_rule].get(task.task_id, 0), weights, len(tasks))
        )
        for task in tasks
    }


def _storable(priority: int) -> int:
    """Return the nearest priority that a database holds, as Airflow does."""
    return max(LEAST, min(MOST, priority))


def _closures(tasks: Sequence[TaskNode], downstream: bool) -> dict[str, int]:
    """Return for each task the set of all tasks after (or before) it, as bits by place in the topological order."""
    size = len(tasks)
    found: dict[str, int] = {}
    bits: dict[str, int] = {}
    for index, task in enumerate(tasks):
        near = task.downstream_task_ids if downstream else task.upstream_task_ids
        reached = 0
        for task_id in near:
            reached |= found[task_id] | bits[task_id]
        found[task.task_id] = reached
        bits[task.task_id] = 1 << (size - 1 - index if downstream else index)
    return found


def _weight_of(reached: int, weights: Sequence[int], size: int) -> int:
    if len(set(weights)) == 1:
        return reached.bit_count() * weights[0]
    return sum(weights[index] for index in range(size) if reached >> index & 1)

"""Skipping what a branch does not choose, on any host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tradewind_plugins.exceptions import TradewindException

__all__ = ["follow", "skipped_beside"]


def follow(context: Mapping[str, Any], chosen: Iterable[str]) -> None:
    """Have all direct downstream of the running task skipped but what is chosen and what comes after that.

    Arguments:
        context: of the running task.
        chosen: ids of tasks, or of groups, which stand for their first tasks.

    Raises:
        TradewindException: one is no task of the DAG, or the host cannot skip tasks.
    """
    task, ti = context["task"], context["ti"]
    skipped = skipped_beside(task, chosen)
    if not hasattr(ti, "skip_downstream"):
        raise TradewindException(f"Branch {task.task_id!r}: this host lets no task skip others")
    ti.skip_downstream(skipped)


def skipped_beside(task: Any, chosen: Iterable[str]) -> list[str]:
    """Return the ids of the direct downstream that is neither chosen nor after something chosen, sorted."""
    groups = getattr(task.dag, "groups", {})
    kept: set[str] = set()
    left = [each for name in chosen for each in _first_tasks(groups, name)]
    while left:
        task_id = left.pop()
        if task_id in kept:
            continue
        if not task.dag.has_task(task_id):
            raise TradewindException(f"Branch {task.task_id!r} follows {task_id!r}, which is no task of its DAG.")
        kept.add(task_id)
        left.extend(task.dag.get_task(task_id).downstream_task_ids)
    return sorted(set(task.downstream_task_ids) - kept)


def _first_tasks(groups: Mapping[str, Any], name: str) -> list[str]:
    return [task.task_id for task in groups[name].first_tasks()] if name in groups else [name]

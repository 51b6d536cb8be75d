"""What a look at another DAG's runs means for who waits for them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

RUN_STATES: Final = frozenset({"queued", "running", "success", "failed"})
TASK_STATES: Final = frozenset(
    {
        "none",
        "scheduled",
        "queued",
        "running",
        "success",
        "failed",
        "skipped",
        "upstream_failed",
        "removed",
        "up_for_retry",
        "up_for_reschedule",
        "deferred",
    }
)
Standings = Sequence[Sequence[Any]]
"""Rows of `Host.look_at_runs`: logical date, state of the run, task or None, state, how many instances."""


@dataclass(frozen=True)
class Awaited:
    """What is waited for.

    Args:
        dates: logical dates of the runs.
        task_ids: tasks in them; None for the runs themselves, or with ``of_group`` for what the group has.
        allowed, skipped, failed: the states that mean that it is there, that the wait is to be skipped, or to fail.
    """

    dates: tuple[datetime, ...]
    task_ids: Sequence[str] | None
    of_group: bool
    allowed: frozenset[str]
    skipped: frozenset[str]
    failed: frozenset[str]


def verdict(found: Standings, awaited: Awaited) -> str:
    """Return ``failed``, ``skipped``, ``there`` or ``waiting``, in this order of precedence."""
    is_of_tasks = awaited.of_group or awaited.task_ids is not None
    states = [(row[0], row[2], row[3] if is_of_tasks else row[1]) for row in found]
    present = {state for _, _, state in states}
    if present & awaited.failed:
        return "failed"
    if present & awaited.skipped:
        return "skipped"
    return "there" if _is_all_there(states, awaited) else "waiting"


def _is_all_there(states: Sequence[tuple[datetime, str | None, str | None]], awaited: Awaited) -> bool:
    if any(state not in awaited.allowed for _, _, state in states):
        return False
    seen = {(date, task_id) for date, task_id, _ in states}
    if awaited.task_ids is not None:
        return all((date, task_id) in seen for date in awaited.dates for task_id in awaited.task_ids)
    return {date for date, _ in seen} >= set(awaited.dates)

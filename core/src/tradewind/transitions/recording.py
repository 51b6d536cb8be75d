"""What one outcome does to its instance: the verdict, the state it leaves, and the rows that tell of its try. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

from tradewind.metadata.statements.instances import LockedInstance
from tradewind.transitions.graph import Task
from tradewind.transitions.states import ENDED, TaskState, TryState
from tradewind.transitions.values import Answer, Outcome

RECORDED: Final = "recorded"
ALREADY_RECORDED: Final = "already recorded"
OVERTAKEN: Final = "overtaken"
LONGEST_DELAY: Final = 24 * 60 * 60
"""Seconds that back-off comes to at most."""
MOST_DOUBLINGS: Final = 60

REPORTABLE: Final = frozenset(
    {
        TaskState.SUCCESS,
        TaskState.FAILED,
        TaskState.SKIPPED,
        TaskState.UP_FOR_RESCHEDULE,
        TaskState.DEFERRED,
        TryState.LOST,
        TryState.NEVER_STARTED,
    }
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An outcome that ends its try, and the state in which it leaves the instance."""

    outcome: Outcome
    row: LockedInstance
    state: str
    due_at: datetime | None

    @property
    def is_end(self) -> bool:
        """Whether the instance, and not only its try, ended."""
        return self.state in ENDED


def require_reportable(outcome: Outcome) -> None:
    """Return if the outcome is one that a worker may report.

    Raises:
        ValueError: for a state that no try ends in, a reschedule that does not say for when, or a deferral that does not
            say for what.
    """
    if outcome.state not in REPORTABLE:
        raise ValueError(
            f"Try {outcome.instance}/{outcome.token} was reported as {outcome.state!r}; "
            f"a try ends as one of {', '.join(sorted(REPORTABLE))}."
        )
    if outcome.state == TaskState.UP_FOR_RESCHEDULE and outcome.due_at is None:
        raise ValueError(f"Try {outcome.instance}/{outcome.token} asks to be rescheduled without due_at.")
    if outcome.state == TaskState.DEFERRED and outcome.deferral is None:
        raise ValueError(f"Try {outcome.instance}/{outcome.token} asks to be deferred without a trigger.")


def is_current(outcome: Outcome, row: LockedInstance) -> bool:
    """Whether the outcome is that of the try that the row runs: the token decides, and nothing else."""
    return row.state == TaskState.RUNNING and row.token == outcome.token


def record(outcome: Outcome, row: LockedInstance, task: Task) -> Recorded:
    """Return what a current outcome makes of its instance: an end, another try later, or another look later."""
    if outcome.state in {TaskState.UP_FOR_RESCHEDULE, TaskState.DEFERRED}:
        return Recorded(outcome, row, outcome.state, outcome.due_at)
    if outcome.state == TryState.NEVER_STARTED:
        return Recorded(outcome, row, TaskState.SCHEDULED, None)
    if outcome.state in {TaskState.FAILED, TryState.LOST}:
        if may_retry(outcome, row):
            return Recorded(outcome, row, TaskState.UP_FOR_RETRY, outcome.ended_at + delay_before_retry(task, row))
        return Recorded(outcome, row, TaskState.FAILED, None)
    return Recorded(outcome, row, outcome.state, None)


def may_retry(outcome: Outcome, row: LockedInstance) -> bool:
    """Whether another try follows a failed or lost one."""
    return outcome.retry and row.try_number <= row.max_tries


def delay_before_retry(task: Task, row: LockedInstance) -> timedelta:
    """Return the pause before the next try: with back-off between one and two times the doubled delay, always the same."""
    if not task.retry_exponential_backoff:
        return timedelta(seconds=task.retry_delay)
    doubled = max(1, ceil(task.retry_delay * 2 ** min(row.try_number - 1, MOST_DOUBLINGS)))
    name = f"{row.run}#{row.task_id}#{row.map_index}#{row.try_number}"
    spread = int(hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest(), 16) % doubled
    longest = LONGEST_DELAY if task.max_retry_delay is None else min(LONGEST_DELAY, task.max_retry_delay)
    return timedelta(seconds=min(doubled + spread, longest))


def instance_values(recorded: Recorded) -> dict[str, Any]:
    """Return the columns of the instance.

    A reschedule or a deferral does not consume its try, nor does a dispatch whose code never began: the next start counts it again.
    The latter also raises the token, so that nothing the old dispatch may still say counts.
    """
    row = recorded.row
    is_same_try = recorded.state in {TaskState.UP_FOR_RESCHEDULE, TaskState.DEFERRED, TaskState.SCHEDULED}
    return {
        "key": row.id,
        "state": recorded.state,
        "try_number": row.try_number - 1 if is_same_try else row.try_number,
        "token": row.token + 1 if recorded.state == TaskState.SCHEDULED else row.token,
        "due_at": recorded.due_at,
        "ended_at": recorded.outcome.ended_at if recorded.is_end else None,
    }


def try_values(recorded: Recorded) -> dict[str, Any]:
    """Return the row of the ended try."""
    outcome, row = recorded.outcome, recorded.row
    return {
        "instance": row.id,
        "token": outcome.token,
        "try_number": row.try_number,
        "state": outcome.state,
        "started_at": outcome.started_at or row.started_at,
        "ended_at": outcome.ended_at,
        "worker": row.worker,
        "cause": outcome.cause,
        "exit_code": outcome.exit_code,
    }


def deferral_values(recorded: Recorded) -> dict[str, Any] | None:
    """Return the row of what the instance waits for now; None for one that is not deferred."""
    deferral = recorded.outcome.deferral
    if recorded.state != TaskState.DEFERRED or deferral is None:
        return None
    return {
        "instance": recorded.row.id,
        "token": recorded.row.token,
        "classpath": deferral.classpath,
        "kwargs": deferral.kwargs,
        "source_hash": deferral.source_hash,
        "method": deferral.method,
        "method_kwargs": deferral.method_kwargs,
        "began_at": deferral.began_at,
        "deferred_at": recorded.outcome.ended_at,
        "claim": 0,
    }


def xcom_values(recorded: Recorded) -> list[dict[str, Any]]:
    """Return the rows of what the try pushed."""
    return [
        {
            "run": recorded.row.run,
            "task_id": recorded.row.task_id,
            "map_index": recorded.row.map_index,
            "key": pushed.key,
            "value": pushed.value,
            "storage": pushed.storage,
            "type": pushed.type,
            "size": pushed.size,
            "length": pushed.length,
            "pushed_at": recorded.outcome.ended_at,
        }
        for pushed in recorded.outcome.xcoms
    ]


def answer_late(outcome: Outcome, row: LockedInstance | None, tries: Mapping[tuple[int, int], str]) -> Answer:
    """Return the answer to an outcome that changes nothing: told before, or overtaken by a newer token."""
    before = tries.get((outcome.instance, outcome.token))
    if before is not None:
        return Answer(outcome.instance, outcome.token, ALREADY_RECORDED, before)
    return Answer(outcome.instance, outcome.token, OVERTAKEN, row.state if row else TaskState.REMOVED)

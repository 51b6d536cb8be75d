"""From how a try's code ended to the outcome that is recorded."""

from __future__ import annotations

from datetime import datetime, timezone

from tradewind.execution.instants import moment
from tradewind.execution.messages import Ended, Start
from tradewind.transitions.states import TaskState
from tradewind.transitions.values import Outcome, XComValue


def outcome_of(start: Start, ended: Ended) -> Outcome:
    """Return the outcome of a try whose process reported its end."""
    return Outcome(
        instance=start.instance,
        token=start.token,
        state=ended.state,
        ended_at=moment(ended.ended_at) or datetime.now(timezone.utc),
        started_at=moment(ended.started_at),
        retry=ended.retry,
        due_at=moment(ended.due_at),
        skip=tuple(ended.skip),
        skip_all=ended.skip_all,
        xcoms=tuple(each if isinstance(each, XComValue) else XComValue(*each) for each in ended.xcoms),
        cause=ended.cause,
        exit_code=0,
    )


def failure_of(start: Start, cause: str, *, exit_code: int | None = None) -> Outcome:
    """Return the outcome of a try that ended without a word of its own."""
    now = datetime.now(timezone.utc)
    return Outcome(start.instance, start.token, TaskState.FAILED, now, cause=cause, exit_code=exit_code)

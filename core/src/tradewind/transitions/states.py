"""The states of runs and task instances, and which of them are ends."""

from __future__ import annotations

from typing import Final


class RunState:
    """States of a DAG run."""

    QUEUED: Final = "queued"
    RUNNING: Final = "running"
    SUCCESS: Final = "success"
    FAILED: Final = "failed"


class TaskState:
    """States of a task instance. `none` waits for its upstream."""

    NONE: Final = "none"
    SCHEDULED: Final = "scheduled"
    QUEUED: Final = "queued"
    RUNNING: Final = "running"
    UP_FOR_RETRY: Final = "up_for_retry"
    UP_FOR_RESCHEDULE: Final = "up_for_reschedule"
    DEFERRED: Final = "deferred"
    SUCCESS: Final = "success"
    FAILED: Final = "failed"
    SKIPPED: Final = "skipped"
    UPSTREAM_FAILED: Final = "upstream_failed"
    REMOVED: Final = "removed"


class TryState:
    """How one try ended, where that is not simply the task's state."""

    LOST: Final = "lost"
    NEVER_STARTED: Final = "never_started"


class TriggerEnd:
    """How the trigger of a deferred task ended: an event to go on with, one that ends the task, a failure, too late.

    That of a watched asset has any number of events; then it has stopped, or failed.
    """

    EVENT: Final = "event"
    END: Final = "end"
    FAILURE: Final = "failure"
    TIMEOUT: Final = "timeout"
    STOPPED: Final = "stopped"


ENDED_RUN: Final = frozenset({RunState.SUCCESS, RunState.FAILED})
ENDED: Final = frozenset(
    {TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED, TaskState.UPSTREAM_FAILED, TaskState.REMOVED}
)
OCCUPYING: Final = frozenset({TaskState.QUEUED, TaskState.RUNNING})

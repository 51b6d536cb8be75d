"""What watches the tries of tasks from inside the process that runs them. Named as Airflow's listeners are."""

from __future__ import annotations

from tradewind_plugins.events import TaskTry
from tradewind_plugins.hooks import ProcessKind, behaving

__all__ = ["on_task_failed", "on_task_running", "on_task_success"]


@behaving(ProcessKind.TASK)
def on_task_running(event: TaskTry) -> None:
    """Hear that a try is about to execute.

    Caller: the task's child; an EmptyOperator ends without one and is not heard.
    Moment: after the templates were filled in, before `execute`.
    Arguments: event.task is the operator.
    Returns: nothing.
    Exception: written to the task's log; the try goes on.

    versionadded: 0.1
    """


@behaving(ProcessKind.TASK)
def on_task_success(event: TaskTry) -> None:
    """Hear that a try ended well.

    Caller: the task's child; an EmptyOperator ends without one and is not heard.
    Moment: after `execute` returned, before the outcome is reported.
    Arguments: event.result is what it returned.
    Returns: nothing.
    Exception: written to the task's log; the outcome stays.

    versionadded: 0.1
    """


@behaving(ProcessKind.TASK)
def on_task_failed(event: TaskTry) -> None:
    """Hear that a try failed, whether or not another follows.

    Caller: the task's child; not called where the process was killed, as nothing runs in it any more.
    Moment: after `execute` raised, before the outcome is reported.
    Arguments: event.error is the exception.
    Returns: nothing.
    Exception: written to the task's log; the outcome stays.

    versionadded: 0.1
    """

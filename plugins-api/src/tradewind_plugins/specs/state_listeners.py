"""What hears of ends of runs and task instances, whatever brought them about.

They are named after the rows whose state changed, as Airflow's listeners of those are. One hook hears every end state.
"""

from __future__ import annotations

from tradewind_plugins.events import DagRunEnded, TaskInstanceEnded
from tradewind_plugins.hooks import ProcessKind, behaving

__all__ = ["on_dag_run_ended", "on_task_instance_ended"]


@behaving(ProcessKind.SCHEDULER)
def on_dag_run_ended(event: DagRunEnded) -> None:
    """Hear that a run ended.

    Caller: one of the schedulers, from rows that were written in the transaction that ended the run.
    Moment: within about a second after that transaction, at least once, after the ends of the run's tasks.
    Arguments: event.state is how it ended; event.key is the same when it is delivered again.
    Returns: nothing.
    Exception: written to the scheduler's log; told again to this plugin only, up to five times in all.

    versionadded: 0.1
    """


@behaving(ProcessKind.SCHEDULER)
def on_task_instance_ended(event: TaskInstanceEnded) -> None:
    """Hear that a task instance ended, with a process of its own or without one.

    Caller: one of the schedulers, from rows that were written in the transaction that ended the instance.
    Moment: within about a second after that transaction, at least once, after the ends of its upstream.
    Arguments: event.state is how it ended; event.key is the same when it is delivered again.
    Returns: nothing.
    Exception: written to the scheduler's log; told again to this plugin only, up to five times in all.

    versionadded: 0.1
    """

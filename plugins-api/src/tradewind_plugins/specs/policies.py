"""What the people who answer for an installation ask of every DAG and task, and of the processes that import them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind_plugins.events import DagParsed, ImportsBegin, TaskParsed
from tradewind_plugins.hooks import ProcessKind, behaving

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["tradewind_dag_policy", "tradewind_imports_begin", "tradewind_task_policy"]


@behaving(ProcessKind.PARSE, ProcessKind.TASK)
def tradewind_dag_policy(event: DagParsed) -> None:
    """Check or change a DAG.

    Caller: whoever imports a DAG file: the processor's child, and the parent of tasks, so that both see the same DAG.
    Moment: after the file was imported, after the policies of the DAG's tasks, before it is serialized.
    Arguments: event.dag may be changed in place.
    Returns: nothing.
    Exception: the file becomes an import error with that exception; none of its DAGs is updated.

    versionadded: 0.1
    """


@behaving(ProcessKind.PARSE, ProcessKind.TASK)
def tradewind_task_policy(event: TaskParsed) -> None:
    """Check or change a task.

    Caller: whoever imports a DAG file: the processor's child, and the parent of tasks, so that both see the same task.
    Moment: after the file was imported, for each task by its id, before the policy of its DAG.
    Arguments: event.task may be changed in place.
    Returns: nothing.
    Exception: the file becomes an import error with that exception; none of its DAGs is updated.

    versionadded: 0.1
    """


@behaving(ProcessKind.PARSE, ProcessKind.TASK)
def tradewind_imports_begin(event: ImportsBegin) -> Sequence[str] | None:
    """Prepare a process in which DAG files are imported, for instance with an import finder.

    Caller: whoever imports a DAG file, or forks the processes that do.
    Moment: before the first DAG file of the process is imported; once, and not again in processes forked from it.
    Arguments: event.airflow_aliases are the aliases that plugins declare.
    Returns: nothing, or folders of code beside the DAG folder: they come last on `sys.path`, and DAG files that imported from one
    are read again when a Python file in it changes.
    Exception: the file becomes an import error with that exception; none of its DAGs is updated.

    versionadded: 0.1
    """

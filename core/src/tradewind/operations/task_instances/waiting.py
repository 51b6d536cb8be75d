"""What task instances wait for, and where their operators lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tradewind.metadata.statements import listings
from tradewind.operations.context import Context, operation
from tradewind.operations.finding import require_instance
from tradewind.transitions.states import ENDED, RunState, TaskState
from tradewind.transitions.why import Why

NAMES: Mapping[str, str] = {
    TaskState.NONE: "Trigger Rule",
    TaskState.SCHEDULED: "Slots Available",
    TaskState.QUEUED: "Worker Available",
    TaskState.DEFERRED: "Trigger",
    TaskState.UP_FOR_RETRY: "Retry Period",
    TaskState.UP_FOR_RESCHEDULE: "Ready To Reschedule",
}
OF_RUN = "Dagrun Running"


@dataclass(frozen=True, slots=True)
class Dependency:
    """What something waits for, in a name and a sentence."""

    name: str
    reason: str


@operation("task_instances.dependencies")
def list_dependencies(
    context: Context, *, dag_id: str, run_id: str, task_id: str, map_index: int | None = None
) -> list[Dependency]:
    """Return what a task instance waits for: the first thing that keeps it; nothing for one that runs or has ended.

    Raises:
        NotFoundError: there is none, or the task is mapped and no index was given.
    """
    with context.read() as connection:
        row = require_instance(connection, dag_id, run_id, task_id, map_index)
        if row.state in ENDED or row.state == TaskState.RUNNING:
            return []
        (run,) = listings.list_runs(connection, key=row.run)
        why = Why(connection, context.tools.graphs, context.tools.clock)
        reason = why.task(run, task_id, row.map_index)
    return [Dependency(OF_RUN if run.state == RunState.QUEUED else NAMES[row.state], reason)]


@operation("task_instances.links")
def list_links(
    context: Context, *, dag_id: str, run_id: str, task_id: str, map_index: int | None = None
) -> Mapping[str, str]:
    """Return the links of a task instance by name; operators give none that are known without their code.

    Raises:
        NotFoundError: there is none, or the task is mapped and no index was given.
    """
    with context.read() as connection:
        require_instance(connection, dag_id, run_id, task_id, map_index)
    return {}

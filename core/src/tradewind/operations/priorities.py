"""The priority of a run's tasks: what waits goes before others, or after them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from tradewind.metadata.statements import listings
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import NotFoundError
from tradewind.operations.finding import require_run
from tradewind.transitions.priorities import set_priority


@dataclass(frozen=True, slots=True)
class Prioritised:
    """The instances that have another priority now, as they were before, and how many had ended."""

    priority: int
    rows: Collection[LockedInstance]
    ended: int


@operation("runs.prioritise")
def prioritise_run(
    context: Context,
    *,
    dag_id: str,
    run_id: str,
    priority: int,
    task_ids: Collection[str] | None = None,
    map_indexes: Collection[int] | None = None,
) -> Prioritised:
    """Change the priority of a run's tasks that have not ended; what waits moves at once.

    Arguments:
        priority: higher goes first; the weight rule is not applied to it.
        task_ids: of these tasks only.
        map_indexes: only these instances of mapped tasks.
    Raises:
        NotFoundError: there is no such run, or it has no such task.
    """

    def work(connection: sa.Connection, entry: Entry) -> Prioritised:
        run = require_run(connection, dag_id, run_id)
        known = {each.task_id for each in listings.list_tasks(connection, run.id)}
        for name in task_ids or ():
            if name not in known:
                raise NotFoundError(f"Run {run_id!r} of DAG {dag_id!r} has no task {name!r}.", error_id="no-such-task")
        changed = set_priority(connection, run.id, priority, task_ids=task_ids, map_indexes=map_indexes)
        entry.before = {f"{row.task_id}[{row.map_index}]": row.priority for row in changed.rows[:100]}
        entry.after = {"priority": priority, "tasks": len(changed.rows)}
        return Prioritised(priority, changed.rows, changed.ended)

    return context.change(work)

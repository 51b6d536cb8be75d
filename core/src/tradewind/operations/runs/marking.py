"""Marking a whole run, with all that people are shown of it first and told of it then."""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa

from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.finding import require_run
from tradewind.operations.task_instances.marking import MarkedTasks, described, entries, look
from tradewind.transitions import marking


@operation("runs.mark")
def mark_whole_run(
    context: Context, *, dag_id: str, run_id: str, state: str, reason: str | None = None, dry_run: bool = True
) -> MarkedTasks:
    """Say that a run has succeeded or failed; or only tell what that would change, task by task.

    As success: every task is marked so. As failed: what is running is stopped and fails, what has not begun is skipped.
    Teardowns are left alone, and the run ends after them.

    Arguments:
        state: `success` or `failed`.
        reason: what is kept beside the state.
    Raises:
        NotFoundError: the DAG has no such run.
    """
    tools, ids = context.tools, context.ids
    with context.read() as connection:
        run = require_run(connection, dag_id, run_id)
        plan = look(context, connection, run, partial(marking.plan_run, state=state))

    def work(connection: sa.Connection, entry: Entry) -> None:
        done = marking.mark_run(
            connection, run.id, state, graphs=tools.graphs, clock=tools.clock, ids=ids, reason=reason
        )
        entry.before = {"state": run.state} | entries(done)
        entry.after = {"state": state} if reason is None else {"state": state, "reason": reason}

    if plan is None:
        return described([])
    if not dry_run:
        context.change(work)
    return described([plan])

"""Clearing tasks in one run or many, for whoever may: run by run, each a transaction with an entry in the audit log."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from tradewind_plugins.exceptions import TradewindException

from tradewind.access.authorization import authorize
from tradewind.access.operations import TABLE
from tradewind.operations.context import Context, Entry
from tradewind.operations.errors import ConflictError, InvalidError
from tradewind.operations.references import Reference, references
from tradewind.transitions.clear import Cleared
from tradewind.transitions.clear_across import Step, Wish, clear_all, preview

CLEAR = TABLE["task_instances.clear"]


def clear_wishes(context: Context, wishes: Sequence[Wish], *, dry_run: bool) -> list[Reference]:
    """Clear what wishes name, and what markers among that lead to; return what is cleared, or would be.

    Raises:
        ConflictError: one of the tasks is running, or was made by a DAG of another name; nothing was cleared then.
        DeniedError: a marker leads to a DAG that whoever asks may not clear.
    """
    with context.read() as connection:
        try:
            rounds = [_look(context, connection, each) for each in _rounds(wishes)]
        except TradewindException as error:
            raise InvalidError("dag_id", str(error)) from error
        steps = [step for each in rounds for step in each]
        changed = {row.id: (step.plan.run, row) for step in steps for row in step.plan.changed}
        found = references(connection, changed.values())
    for dag_id in sorted({step.plan.run.dag_id for step in steps}):
        authorize(context.actor, CLEAR, dag_id)
    if not dry_run:
        _require_free(steps)
        for each in rounds:
            clear_steps(context, each)
    return found


def _rounds(wishes: Sequence[Wish]) -> list[list[Wish]]:
    """Return wishes in rounds with one for each run: together they would be one that names more than they do."""
    rounds: list[dict[int, Wish]] = []
    for wish in wishes:
        free = next((each for each in rounds if wish.run not in each), None)
        if free is None:
            rounds.append({wish.run: wish})
        else:
            free[wish.run] = wish
    return [list(each.values()) for each in rounds]


def _look(context: Context, connection: sa.Connection, wishes: Sequence[Wish]) -> list[Step]:
    return [step for step in preview(connection, wishes, graphs=context.tools.graphs) if step.plan.changed]


def _require_free(steps: Sequence[Step]) -> None:
    for step in steps:
        run = step.plan.run
        if step.plan.running:
            names = ", ".join(sorted({row.task_id for row in step.plan.running}))
            raise ConflictError(
                f"Nothing is cleared, as these tasks of run {run.run_id!r} of DAG {run.dag_id!r} are running: {names}. "
                "Wait for their end, or mark them."
            )
        if step.plan.former_name is not None:
            raise ConflictError(
                f"Run {run.run_id!r} is from the time when DAG {run.dag_id!r} was called {step.plan.former_name!r}: it "
                "cannot run again."
            )


def clear_steps(context: Context, steps: Sequence[Step]) -> dict[int, Cleared]:
    """Clear run by run, each in a transaction of its own; return what was done by the keys of runs.

    What a marker leads to is left out where the marker was not cleared, as something of its run was running.
    """
    tools = context.tools

    def write(step: Step, clear: Callable[[sa.Connection], Cleared]) -> Cleared:
        def work(connection: sa.Connection, entry: Entry) -> Cleared:
            entry.dag_id, entry.run_id = step.plan.run.dag_id, step.plan.run.run_id
            entry.before = {"state": step.plan.run.state, "tasks": sorted({row.task_id for row in step.plan.changed})}
            return clear(connection)

        return context.change(work)

    return clear_all(write, steps, graphs=tools.graphs, clock=tools.clock, ids=context.ids)

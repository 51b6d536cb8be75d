"""Marking a task in some runs of a DAG, with all that people are shown of it first and told of it then."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements import instances, listings, runs
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import NotFoundError
from tradewind.operations.finding import require_dag
from tradewind.operations.selecting import MOST_RUNS, Which, runs_among, with_neighbours
from tradewind.transitions import marking
from tradewind.transitions.marking import MarkPlan
from tradewind.transitions.states import TaskState

DECIDED_ANEW = "decided anew"


@dataclass(frozen=True, slots=True)
class MarkedInstance:
    """A task instance that a mark changes, or would.

    Arguments:
        state, becomes: its state before, and after: `decided anew` for what had failed below.
        is_stopped: whether its try is running, and is stopped.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str
    becomes: str
    is_stopped: bool


@dataclass(frozen=True, slots=True)
class MarkedRun:
    """A run that a mark changes, or would.

    Arguments:
        state, becomes: the run's state before, and after.
        marked, stopped, again: how many task instances are marked, how many of those are stopped, how many run again.
    """

    dag_id: str
    run_id: str
    state: str
    becomes: str
    marked: int
    stopped: int
    again: int


@dataclass(frozen=True, slots=True)
class MarkedTasks:
    """What a mark does; runs in which nothing changes are left out."""

    runs: Sequence[MarkedRun]
    instances: Sequence[MarkedInstance]


@operation("task_instances.mark")
def mark_tasks(
    context: Context,
    *,
    dag_id: str,
    task_id: str,
    new_state: str,
    run_ids: Sequence[str],
    map_indexes: Collection[int] | None = None,
    include_upstream: bool = False,
    include_downstream: bool = False,
    include_past: bool = False,
    include_future: bool = False,
    reason: str | None = None,
    dry_run: bool = True,
    most: int | None = MOST_RUNS,
) -> MarkedTasks:
    """Say how a task has ended in some runs, with others around it, run by run; or only tell what that would change.

    Arguments:
        new_state: `success`, `failed` or `skipped`.
        map_indexes: only these instances.
        include_past, include_future: also in runs before and after the one that `run_ids` names.
        reason: what is kept beside the state.
        most: how many runs there may be; None for any number.
    Raises:
        NotFoundError: there is no such DAG or run, or one of the runs has no such task.
        InvalidError: there are too many runs.
    """
    which = Which(dag_id, run_ids, None, None, include_past, include_future, most)
    graphs = context.tools.graphs
    how: Any = {"state": new_state, "map_indexes": map_indexes}
    wanted = []
    with context.read() as connection:
        require_dag(connection, dag_id)
        for run in runs_among(connection, which):
            graph = graphs.get(connection, run.version_id)
            if task_id not in graph.tasks:
                text = f"Run {run.run_id!r} of DAG {dag_id!r} has no task {task_id!r}."
                raise NotFoundError(text, error_id="no-such-task")
            wanted.append(
                (run, with_neighbours(graph, [task_id], upstream=include_upstream, downstream=include_downstream))
            )
        plans = [
            plan
            for run, tasks in wanted
            if (plan := look(context, connection, run, partial(marking.plan_tasks, task_ids=tasks, **how))) is not None
        ]
    if not dry_run:
        changing = {plan.run.id for plan in plans}
        for run, tasks in wanted:
            if run.id in changing:
                mark_in_run(context, run, tasks, new_state, map_indexes=map_indexes, reason=reason)
    return described(plans)


def look(
    context: Context,
    connection: sa.Connection,
    run: listings.RunRow,
    plan_of: Callable[..., MarkPlan],
) -> MarkPlan | None:
    """Return what would be done, from unlocked rows; None for a run in which nothing would change."""
    as_it_is = runs.get(connection, run.id)
    if as_it_is is None:
        return None
    graph = context.tools.graphs.get(connection, as_it_is.version_id)
    rows = instances.look(connection, run.id)
    plan = plan_of(as_it_is, graph, rows)
    return None if plan.is_nothing else plan


def described(plans: Sequence[MarkPlan]) -> MarkedTasks:
    """Return what plans come to."""
    return MarkedTasks([_run(plan) for plan in plans], [each for plan in plans for each in _instances(plan)])


def entries(plan: MarkPlan) -> dict[str, str]:
    """Return the states of what a plan marks, by their names, for the audit log."""
    return {_name(row): row.state for row, _ in plan.marked}


def mark_in_run(
    context: Context,
    run: Any,
    tasks: Collection[str],
    state: str,
    *,
    map_indexes: Collection[int] | None = None,
    reason: str | None = None,
) -> None:
    """Mark tasks of a run, in one transaction; `run` has its key as `id` and its name as `run_id`."""
    tools = context.tools
    how: Any = {"graphs": tools.graphs, "clock": tools.clock, "ids": context.ids, "map_indexes": map_indexes}

    def work(connection: sa.Connection, entry: Entry) -> None:
        plan = marking.mark_tasks(connection, run.id, tasks, state, reason=reason, **how)
        entry.run_id = run.run_id
        entry.before = entries(plan)
        entry.after = {"state": state} if reason is None else {"state": state, "reason": reason}

    context.change(work)


def _name(row: Any) -> str:
    return str(row.task_id) if row.map_index < 0 else f"{row.task_id}[{row.map_index}]"


def _run(plan: MarkPlan) -> MarkedRun:
    return MarkedRun(
        plan.run.dag_id,
        plan.run.run_id,
        plan.run.state,
        plan.run_becomes,
        len(plan.marked),
        len(plan.stopped),
        len(plan.clears.named),
    )


def _instances(plan: MarkPlan) -> Iterator[MarkedInstance]:
    known = {row.id for row, _ in plan.marked}
    again = [(row, plan.clears.effect(row)) for row in plan.clears.changed]
    for row, becomes in [*plan.marked, *again]:
        is_marked = row.id in known
        yield MarkedInstance(
            plan.run.dag_id,
            plan.run.run_id,
            row.task_id,
            row.map_index,
            row.state,
            becomes if is_marked else DECIDED_ANEW,
            is_stopped=is_marked and row.state == TaskState.RUNNING,
        )

"""Marking: people say how tasks or a whole run have ended; what that means below is decided as after any end.

The same pure functions work out a preview and the mark. A try that was running is recorded as ended, under its token; the
token is raised, so nothing that its worker still says counts, and the worker ends its process at the next renewal.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from tradewind_plugins.exceptions import TradewindException

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import continuations, deferrals, gates, instances, runs, stopped
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.metadata.statements.runs import Run
from tradewind.transitions import callbacks, notices
from tradewind.transitions.clear import ClearPlan, plan_clear, write_cleared
from tradewind.transitions.graph import Graph, Graphs, descendants, leaves
from tradewind.transitions.recount import recount, resettle
from tradewind.transitions.runs import close_run
from tradewind.transitions.states import ENDED, ENDED_RUN, RunState, TaskState

MARKED: Final = "marked"
"""The reason that a DAG's callback is told when a run is closed by hand."""
TASK_MARKS: Final = (TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED)
RUN_MARKS: Final = (RunState.SUCCESS, RunState.FAILED)
UNSUCCESSFUL: Final = (TaskState.FAILED, TaskState.UPSTREAM_FAILED)
AT_WORK: Final = frozenset({TaskState.RUNNING, TaskState.DEFERRED, TaskState.UP_FOR_RESCHEDULE})
"""What has begun and not ended: in a run that is marked as failed it fails, the rest is skipped, as in Airflow."""


@dataclass(frozen=True, slots=True)
class MarkPlan:
    """What a mark does in one run, or would do.

    Arguments:
        marked: the instances that change, as they are now, each with the state that it is given.
        clears: what is decided anew after that: what had failed below tasks that are marked.
        run_becomes: the run's state, as far as the mark itself decides it.
    """

    run: Run
    marked: tuple[tuple[LockedInstance, str], ...]
    clears: ClearPlan
    run_becomes: str

    @property
    def is_nothing(self) -> bool:
        """Whether all is so already."""
        return not self.marked and not self.clears.named and self.run_becomes == self.run.state

    @property
    def stopped(self) -> tuple[LockedInstance, ...]:
        """The instances whose running tries are ended by their workers."""
        return tuple(row for row, _ in self.marked if row.state == TaskState.RUNNING)


def plan_tasks(
    run: Run,
    graph: Graph,
    rows: Sequence[LockedInstance],
    task_ids: Collection[str],
    state: str,
    *,
    map_indexes: Collection[int] | None = None,
    ending: Collection[int] = (),
) -> MarkPlan:
    """Return what marking tasks of a run does. Pure.

    Tasks below that failed, or that a failure kept back, are cleared, as in Airflow: a mark is mostly made so that they go on.
    Where the DAG was renamed since they cannot run again, and stay as they are.

    Arguments:
        rows: all instances of the run, in the order of locks.
        state: one of `TASK_MARKS`.
        map_indexes: only instances of these indexes; None for all.
        ending: as of `plan_clear`.
    Raises:
        LookupError: the run's version does not have one of the tasks.
        TradewindException: a state that nobody can mark a task with.
    """
    if state not in TASK_MARKS:
        raise TradewindException(f"A task is marked as one of {', '.join(TASK_MARKS)}, not as {state!r}.")
    if unknown := sorted(set(task_ids) - set(graph.tasks)):
        raise LookupError(f"Run {run.run_id!r} of DAG {run.dag_id!r} has no task {unknown[0]!r} to mark.")
    marked = tuple(
        (row, state)
        for row in rows
        if row.task_id in task_ids
        and (map_indexes is None or row.map_index in map_indexes)
        and row.state not in {state, TaskState.REMOVED}
    )
    after = _after(rows, marked)
    touched = {row.id for row, _ in marked}
    below = descendants(graph, {row.task_id for row, _ in marked}) - set(task_ids)
    clears = plan_clear(run, graph, after, below, states=UNSUCCESSFUL, ending=ending)
    if clears.former_name or clears.running or touched & {row.id for row in clears.named}:
        clears = ClearPlan(run, (), frozenset())
    becomes = _becomes(run, graph, after, clears) if marked else run.state
    return MarkPlan(run, marked, clears, becomes)


def _becomes(run: Run, graph: Graph, after: Sequence[LockedInstance], clears: ClearPlan) -> str:
    """Return the state of a run whose tasks are marked: one that had ended has the end that its tasks say now."""
    if run.state not in ENDED_RUN:
        return run.state
    if clears.named:
        return RunState.QUEUED
    deciding = set(leaves(graph))
    has_failed = any(row.state in UNSUCCESSFUL for row in after if row.task_id in deciding)
    return RunState.FAILED if has_failed else RunState.SUCCESS


def plan_run(run: Run, graph: Graph, rows: Sequence[LockedInstance], state: str) -> MarkPlan:
    """Return what marking a whole run does. Pure.

    As success: all its tasks are. As failed: what is at work fails, what has not begun is skipped, what has ended stays. Teardowns
    are left alone, so that they clean up; the run ends when they have.

    Arguments:
        rows: all instances of the run, in the order of locks.
        state: one of `RUN_MARKS`.
    Raises:
        TradewindException: a state that nobody can mark a run with.
    """
    if state not in RUN_MARKS:
        raise TradewindException(f"A run is marked as one of {', '.join(RUN_MARKS)}, not as {state!r}.")
    ordinary = [row for row in rows if not graph.tasks[row.task_id].is_teardown]
    teardowns_wait = any(row.state not in ENDED for row in rows if graph.tasks[row.task_id].is_teardown)
    if state == RunState.SUCCESS:
        wanted = {row.id: TaskState.SUCCESS for row in ordinary if row.state != TaskState.REMOVED}
    else:
        deciding = set(leaves(graph)) if teardowns_wait else set()
        wanted = {row.id: _unfinished_as(row, deciding) for row in ordinary if row.state not in ENDED}
    marked = tuple((row, wanted[row.id]) for row in rows if row.id in wanted and row.state != wanted[row.id])
    becomes = run.state if teardowns_wait and run.state not in ENDED_RUN else state
    return MarkPlan(run, marked, ClearPlan(run, (), frozenset()), becomes)


def _unfinished_as(row: LockedInstance, deciding: Collection[str]) -> str:
    """Return how an unfinished instance ends in a run that failed; where teardowns still decide its end, leaves say so too."""
    if row.state in AT_WORK:
        return TaskState.FAILED
    return TaskState.UPSTREAM_FAILED if row.task_id in deciding else TaskState.SKIPPED


def _after(rows: Sequence[LockedInstance], marked: Sequence[tuple[LockedInstance, str]]) -> list[LockedInstance]:
    by_id = {row.id: replace(row, state=state, token=row.token + 1) for row, state in marked}
    return [by_id.get(row.id, row) for row in rows]


# --- Doing it ---------------------------------------------------------------------------------------------------------


def mark_tasks(
    conn: sa.Connection,
    run: int,
    task_ids: Collection[str],
    state: str,
    *,
    graphs: Graphs,
    clock: Clock,
    ids: Ids,
    map_indexes: Collection[int] | None = None,
    reason: str | None = None,
) -> MarkPlan:
    """Mark tasks of a run, under its exclusive lock, and let what is below go on.

    Arguments:
        state, map_indexes: as of `plan_tasks`.
        reason: what somebody says of it, for the record.
    Returns:
        what was done.
    Raises:
        LookupError: when there is no such run, or a task that its version does not have.
        TradewindException: a state that nobody can mark a task with.
    """
    locked, graph, rows = _lock(conn, run, graphs)
    ending = stopped.ending(conn, run)
    plan = plan_tasks(locked, graph, rows, task_ids, state, map_indexes=map_indexes, ending=ending)
    _do(conn, plan, graph, rows, now=clock.now(), ids=ids, cause=_cause(state, reason))
    return plan


def mark_run(
    conn: sa.Connection,
    run: int,
    state: str,
    *,
    graphs: Graphs,
    clock: Clock,
    ids: Ids,
    reason: str | None = None,
) -> MarkPlan:
    """Mark a whole run, under its exclusive lock: its tasks end, and it with them, unless teardowns are still to run.

    Arguments:
        state: as of `plan_run`.
        reason: what somebody says of it, for the record.
    Returns:
        what was done.
    Raises:
        LookupError: when there is no such run.
        TradewindException: a state that nobody can mark a run with.
    """
    locked, graph, rows = _lock(conn, run, graphs)
    plan = plan_run(locked, graph, rows, state)
    _do(conn, plan, graph, rows, now=clock.now(), ids=ids, cause=_cause(f"{state}, with its run,", reason))
    return plan


def queue_run(conn: sa.Connection, run: int, *, clock: Clock) -> bool:
    """Queue a run again that has ended, with its tasks as they are: it starts when its DAG has room, and ends as they say.

    Returns:
        whether it had ended; another one is left as it is.
    """
    locked = runs.lock(conn, run)
    if locked is None or locked.state not in ENDED_RUN:
        return False
    runs.requeue(conn, run, now=clock.now())
    return True


def _cause(state: str, reason: str | None) -> str:
    return f"marked as {state} by hand{f': {reason}' if reason else ''}"


def _lock(conn: sa.Connection, run: int, graphs: Graphs) -> tuple[Run, Graph, list[LockedInstance]]:
    locked = runs.lock(conn, run)
    if locked is None:
        raise LookupError(f"There is no run with key {run} to mark.")
    return locked, graphs.get(conn, locked.version_id), instances.lock_run(conn, run)


def _do(
    conn: sa.Connection,
    plan: MarkPlan,
    graph: Graph,
    rows: Sequence[LockedInstance],
    *,
    now: datetime,
    ids: Ids,
    cause: str,
) -> None:
    if plan.is_nothing:
        return
    _end(conn, plan, graph, now=now, cause=cause)
    after = _after(rows, plan.marked)
    if plan.clears.named:
        after = write_cleared(conn, plan.clears, graph, after)
    if plan.run_becomes in ENDED_RUN:
        _close(conn, plan, graph, after, now=now, ids=ids)
    elif plan.run.state == RunState.RUNNING:
        resettle(conn, plan.run.id, graph=graph, rows=after, now=now, ids=ids)
    else:
        recount(conn, graph, after)
        runs.set_progress(conn, plan.run.id, sum(row.state not in ENDED for row in after))
        if plan.run.state in ENDED_RUN:
            runs.requeue(conn, plan.run.id, now=now)


def _end(conn: sa.Connection, plan: MarkPlan, graph: Graph, *, now: datetime, cause: str) -> None:
    """Write how the instances ended by hand, and what is owed for the tries that this stops."""
    ended = [replace(row, token=row.token + 1) for row, _ in plan.marked]
    instances.add_tries(conn, [_try(row, state, now, cause) for row, state in plan.marked])
    stopped.add(conn, plan.stopped)
    deferrals.forget(conn, [row.id for row, _ in plan.marked if row.state == TaskState.DEFERRED])
    instances.reset(
        conn,
        [
            {"key": row.id, "state": state, "token": row.token, "due_at": None, "ended_at": now}
            for row, (_, state) in zip(ended, plan.marked, strict=True)
        ],
    )
    by_state: dict[str, list[LockedInstance]] = {}
    for row, state in plan.marked:
        by_state.setdefault(state, []).append(row)
    notices.decided(conn, by_state, now=now, cause=cause)
    told = [(row, state) for row, state in plan.marked if row.state == TaskState.RUNNING]
    callbacks.stopped(conn, told, graph, cause=cause, now=now)


def _try(row: LockedInstance, state: str, now: datetime, cause: str) -> dict[str, Any]:
    """Return the row that keeps the cause: the try that ran, or, where none did, one with the number 0."""
    is_running = row.state == TaskState.RUNNING
    return {
        "instance": row.id,
        "token": row.token if is_running else row.token + 1,
        "try_number": row.try_number if is_running else 0,
        "state": state,
        "started_at": row.started_at if is_running else None,
        "ended_at": now,
        "worker": row.worker if is_running else None,
        "cause": cause,
        "exit_code": None,
    }


def _close(
    conn: sa.Connection,
    plan: MarkPlan,
    graph: Graph,
    after: Sequence[LockedInstance],
    *,
    now: datetime,
    ids: Ids,
) -> None:
    """Close a run of which nothing is left to do, or give one that had ended another end."""
    run = plan.run.id
    continuations.drop(conn, run)
    gates.drop(conn, run)
    recount(conn, graph, after)
    runs.set_progress(conn, run, 0)
    if plan.run.state != plan.run_becomes:
        started_at = runs.started_at(conn, run)
        close_run(conn, run, graph, plan.run_becomes, started_at=started_at, now=now, ids=ids, reason=MARKED)

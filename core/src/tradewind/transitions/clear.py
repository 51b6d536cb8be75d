"""Clearing: instances forget how they ended and are decided again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import deferrals, instances, runs, xcoms
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.transitions.graph import Graph, Graphs, members, with_scopes, xcom_sources
from tradewind.transitions.recount import recount, resettle
from tradewind.transitions.states import ENDED, RunState, TaskState


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a clear did.

    Arguments:
        cleared: instances that are decided anew; none where something is running.
        running: instances named that are running: two tries must never overlap, so nothing is cleared until they ended.
    """

    cleared: tuple[int, ...]
    running: tuple[int, ...]


def clear(
    conn: sa.Connection,
    run: int,
    task_ids: Collection[str],
    *,
    graphs: Graphs,
    clock: Clock,
    ids: Ids,
    states: Collection[str] | None = None,
    map_indexes: Collection[int] | None = None,
) -> Cleared:
    """Clear the instances of `task_ids` in a run, under the run's exclusive lock; nothing while one of them is running.

    Tokens are raised, so nothing that was said of earlier tries counts any more; the run's counters are recounted. As
    many
    further tries are allowed as the task has retries. The setups
    that a task needs are cleared with it, and their teardowns. A mapped task that is cleared together with the task whose XCom
    it
    expands over becomes unexpanded again. A run that had ended is queued again, and starts when its DAG has room.

    Arguments:
        states: only instances in these states; None for all. Where what a mapped task expands over is cleared, all of its
            instances are.
        map_indexes: only instances of these indexes; None for all.
    Raises:
        LookupError: when there is no such run, or a task that its version does not have.
    """
    locked = runs.lock(conn, run)
    if locked is None:
        raise LookupError(f"There is no run with key {run} to clear.")
    graph = graphs.get(conn, locked.version_id)
    if unknown := sorted(set(task_ids) - set(graph.tasks)):
        raise LookupError(f"Run {locked.run_id!r} of DAG {locked.dag_id!r} has no task {unknown[0]!r} to clear.")
    rows = instances.lock_run(conn, run)
    around = with_scopes(graph, task_ids) - set(task_ids)
    wanted = {
        row.id: row
        for row in rows
        if (row.task_id in task_ids and _is_wanted(row, states, map_indexes))
        or (row.task_id in around and _is_wanted(row, states))
    }
    collapsing = _collapsing(graph, {row.task_id for row in wanted.values()})
    named = [row for row in rows if row.id in wanted or row.task_id in collapsing]
    running = [row for row in named if row.state == TaskState.RUNNING]
    if running or not named:
        return Cleared((), tuple(row.id for row in running))
    dropped = {row.id for row in named if row.task_id in collapsing and row.map_index > 0}
    kept = {row.id: _cleared(row, graph, collapsing) for row in named if row.id not in dropped}
    instances.delete(conn, dropped)
    deferrals.forget(conn, [row.id for row in named if row.state == TaskState.DEFERRED])
    instances.reset(conn, [_values(row) for row in kept.values()])
    xcoms.forget(conn, [(run, row.task_id, row.map_index) for row in named])
    after = [kept.get(row.id, row) for row in rows if row.id not in dropped]
    if locked.state == RunState.RUNNING:
        resettle(conn, run, graph=graph, rows=after, now=clock.now(), ids=ids)
    else:
        recount(conn, graph, after)
        runs.set_progress(conn, run, sum(row.state not in ENDED for row in after))
        runs.requeue(conn, run, now=clock.now())
    return Cleared(tuple(sorted(kept)), ())


def _is_wanted(row: LockedInstance, states: Collection[str] | None, map_indexes: Collection[int] | None = None) -> bool:
    """A removed instance is no part of the run: nothing brings it back but a state that is asked for by name."""
    if map_indexes is not None and row.map_index not in map_indexes:
        return False
    return row.state != TaskState.REMOVED if states is None else row.state in states


def _collapsing(graph: Graph, tasks: Collection[str]) -> set[str]:
    """Return the mapped tasks whose expansion is void, because what they expand over is cleared too.

    The tasks of a mapped group are expanded as one, so that all of them are, if one is.
    """
    found = {task_id for task_id in tasks if any(source in tasks for source, _ in xcom_sources(graph.tasks[task_id]))}
    groups = {graph.tasks[task_id].mapped_group for task_id in found}
    return found | {task.task_id for group in groups if group is not None for task in members(graph, group)}


def _cleared(row: LockedInstance, graph: Graph, collapsing: Collection[str]) -> LockedInstance:
    return replace(
        row,
        state=TaskState.NONE,
        token=row.token + 1,
        max_tries=row.try_number + graph.tasks[row.task_id].retries,
        map_index=-1 if row.task_id in collapsing else row.map_index,
    )


def _values(row: LockedInstance) -> dict[str, Any]:
    return {
        "key": row.id,
        "state": row.state,
        "token": row.token,
        "max_tries": row.max_tries,
        "map_index": row.map_index,
        "due_at": None,
        "scheduled_at": None,
        "queued_at": None,
        "started_at": None,
        "ended_at": None,
    }

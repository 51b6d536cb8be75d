"""Clearing: instances forget how they ended and are decided again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa
from tradewind_plugins.exceptions import TradewindException

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import deferrals, instances, runs, stopped, xcoms
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.metadata.statements.runs import Run
from tradewind.transitions.graph import Graph, Graphs, members, with_scopes, xcom_sources
from tradewind.transitions.recount import recount, resettle
from tradewind.transitions.states import ENDED, ENDED_RUN, RunState, TaskState

AGAIN: Final = "runs again"
COLLAPSES: Final = "becomes unexpanded"
DROPPED: Final = "is expanded anew"
RUNNING: Final = "is running"
ENDING: Final = "is being stopped"


@dataclass(frozen=True, slots=True)
class ClearPlan:
    """What a clear does in one run, or would do: worked out from the rows alone, by `plan_clear`.

    Arguments:
        named: the instances that are meant, as they are now, in the order of locks.
        collapsing: mapped tasks whose expansion is void, because what they expand over is cleared too.
        ending: instances of which a try that was stopped may still be ended by its worker.
        former_name: that of its DAG when the run was made, if it was renamed since: its code knows no other name, so that
            it cannot run again.
    """

    run: Run
    named: tuple[LockedInstance, ...]
    collapsing: frozenset[str]
    former_name: str | None = None
    ending: frozenset[int] = frozenset()

    @property
    def running(self) -> tuple[LockedInstance, ...]:
        """The instances that are running: two tries must never overlap, so nothing is cleared until they ended."""
        return tuple(row for row in self.named if self._is_running(row))

    def _is_running(self, row: LockedInstance) -> bool:
        return row.state == TaskState.RUNNING or row.id in self.ending

    @property
    def dropped(self) -> frozenset[int]:
        """The keys of instances that go, as their tasks become unexpanded again."""
        return frozenset(row.id for row in self.named if row.task_id in self.collapsing and row.map_index > 0)

    @property
    def changed(self) -> tuple[LockedInstance, ...]:
        """The instances that have begun, or were decided: for the others a clear changes nothing that people see."""
        return tuple(row for row in self.named if row.state != TaskState.NONE)

    @property
    def queues_run(self) -> bool:
        """Whether the run has ended, and is queued again."""
        return self.run.state in ENDED_RUN and not self.running and len(self.named) > 0

    def effect(self, row: LockedInstance) -> str:
        """Return what becomes of one of the instances, in words."""
        if self._is_running(row):
            return RUNNING if row.state == TaskState.RUNNING else ENDING
        if row.task_id not in self.collapsing:
            return AGAIN
        return DROPPED if row.map_index > 0 else COLLAPSES


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a clear did.

    Arguments:
        cleared: instances that are decided anew; none where something is running.
        running: instances named that are running: nothing is cleared until they ended.
        markers: the cleared tasks that mark a task of another DAG.
    """

    cleared: tuple[int, ...]
    running: tuple[int, ...]
    markers: frozenset[str] = frozenset()


def plan_clear(
    run: Run,
    graph: Graph,
    rows: Sequence[LockedInstance],
    task_ids: Collection[str],
    *,
    states: Collection[str] | None = None,
    map_indexes: Collection[int] | None = None,
    ending: Collection[int] = (),
) -> ClearPlan:
    """Return what a clear of `task_ids` does in a run: pure, and all that `clear` and its preview go by.

    Arguments:
        rows: all instances of the run, in the order of locks.
        states, map_indexes: as of `clear`.
        ending: instances of which a try that was stopped may still be ended by its worker: they count as running.
    Raises:
        LookupError: the run's version does not have one of the tasks.
    """
    if unknown := sorted(set(task_ids) - set(graph.tasks)):
        raise LookupError(f"Run {run.run_id!r} of DAG {run.dag_id!r} has no task {unknown[0]!r} to clear.")
    around = with_scopes(graph, task_ids) - set(task_ids)
    wanted = {
        row.id: row
        for row in rows
        if (row.task_id in task_ids and _is_wanted(row, states, map_indexes))
        or (row.task_id in around and _is_wanted(row, states))
    }
    collapsing = _collapsing(graph, {row.task_id for row in wanted.values()})
    named = tuple(row for row in rows if row.id in wanted or row.task_id in collapsing)
    former = None if graph.dag_id == run.dag_id else graph.dag_id
    return ClearPlan(run, named, frozenset(collapsing), former, frozenset(ending))


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

    Tokens are raised, so nothing that was said of earlier tries counts any more; the run's counters are recounted. As many
    further tries are allowed as the task has retries. The setups that a task needs are cleared with it, and their
    teardowns. A mapped task that is cleared together with the task whose XCom it expands over becomes unexpanded again.
    A run that had ended is queued again, and starts when its DAG has room.

    Arguments:
        states: only instances in these states; None for all. Where what a mapped task expands over is cleared, all of its
            instances are.
        map_indexes: only instances of these indexes; None for all.
    Raises:
        LookupError: when there is no such run, or a task that its version does not have.
        TradewindException: its DAG was renamed since the run was made.
    """
    locked = runs.lock(conn, run)
    if locked is None:
        raise LookupError(f"There is no run with key {run} to clear.")
    graph = graphs.get(conn, locked.version_id)
    rows = instances.lock_run(conn, run)
    ending = stopped.ending(conn, run)
    plan = plan_clear(locked, graph, rows, task_ids, states=states, map_indexes=map_indexes, ending=ending)
    if plan.running or not plan.named:
        return Cleared((), tuple(row.id for row in plan.running))
    require_same_name(plan)
    after = write_cleared(conn, plan, graph, rows)
    if locked.state == RunState.RUNNING:
        resettle(conn, run, graph=graph, rows=after, now=clock.now(), ids=ids)
    else:
        recount(conn, graph, after)
        runs.set_progress(conn, run, sum(row.state not in ENDED for row in after))
        runs.requeue(conn, run, now=clock.now())
    kept = sorted(row.id for row in plan.named if row.id not in plan.dropped)
    return Cleared(tuple(kept), (), markers_of(plan, graph))


def require_same_name(plan: ClearPlan) -> None:
    """Return if the run's code knows the run by its DAG's name.

    Raises:
        TradewindException: the DAG was renamed since the run was made.
    """
    if plan.former_name is not None and plan.named:
        raise TradewindException(
            f"Run {plan.run.run_id!r} of DAG {plan.run.dag_id!r} is from the time when that was called {plan.former_name!r}: its "
            f"code knows no other name, so it cannot run again. Trigger a new run of {plan.run.dag_id!r}."
        )


def markers_of(plan: ClearPlan, graph: Graph) -> frozenset[str]:
    """Return the tasks among those cleared that mark a task of another DAG."""
    return frozenset(row.task_id for row in plan.named if graph.tasks[row.task_id].marks is not None)


def write_cleared(
    conn: sa.Connection, plan: ClearPlan, graph: Graph, rows: Sequence[LockedInstance]
) -> list[LockedInstance]:
    """Write the cleared instances of a run that is locked, and return all of its instances as they are then."""
    kept = {row.id: _cleared(row, graph, plan.collapsing) for row in plan.named if row.id not in plan.dropped}
    instances.delete(conn, plan.dropped)
    deferrals.forget(conn, [row.id for row in plan.named if row.state == TaskState.DEFERRED])
    instances.reset(conn, [_values(row) for row in kept.values()])
    xcoms.forget(conn, [(plan.run.id, row.task_id, row.map_index) for row in plan.named])
    return [kept.get(row.id, row) for row in rows if row.id not in plan.dropped]


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

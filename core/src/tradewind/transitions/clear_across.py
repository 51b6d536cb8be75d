"""Clearing in several runs, and across DAGs: a marker that is cleared takes along the task that it marks, and what is below.

What is to be cleared is found out before anything is: a read, which is the preview. The clear then goes run by run, each in a
transaction of its own under the run's exclusive lock, and works out anew what is there by then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import sqlalchemy as sa
from tradewind_plugins.exceptions import TradewindException

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import instances, other_dags, runs, stopped
from tradewind.transitions.clear import Cleared, ClearPlan, clear, markers_of, plan_clear
from tradewind.transitions.graph import Graph, Graphs, descendants
from tradewind.transitions.markers import resolve


class TooDeepError(TradewindException):
    """Markers lead from DAG to DAG farther than the first of them allows."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be cleared in one run.

    Arguments:
        run: the run's key.
        states, map_indexes: as of `clear`.
        by: the markers that lead here, as (key of the run, task id); none for what somebody named.
    """

    run: int
    task_ids: frozenset[str]
    states: Collection[str] | None = None
    map_indexes: Collection[int] | None = None
    by: frozenset[tuple[int, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One run of a clear: the wish, and what it comes to as things are."""

    wish: Wish
    plan: ClearPlan


Write = Callable[[Step, Callable[[sa.Connection], Cleared]], Cleared]


@dataclass(frozen=True, slots=True)
class _Reached:
    """A wish, with how many markers led to it, and how many may."""

    wish: Wish
    depth: int = 0
    most: int | None = None


def preview(conn: sa.Connection, wishes: Iterable[Wish], *, graphs: Graphs, follows_markers: bool = True) -> list[Step]:
    """Return what a clear would do, run by run, in the order in which it would: those named first, then where markers lead.

    What a run gets on several ways is one step. A run that is not there (any more) is left out.

    Raises:
        LookupError: a task that its run's version does not have.
        TooDeepError: more markers in a row than the first one's `recursion_depth`.
        TradewindException: a marker whose templates cannot be filled in.
    """
    steps: dict[int, Step] = {}
    todo = [_Reached(wish) for wish in wishes]
    seen: set[tuple[int, str]] = set()
    while todo:
        reached = todo.pop(0)
        step = _step(conn, _wider(steps.get(reached.wish.run), reached.wish), graphs)
        if step is None:
            continue
        steps[reached.wish.run] = step
        if follows_markers and not step.plan.running:
            todo += _follow(conn, step, reached, graphs, seen)
    return list(steps.values())


def _wider(step: Step | None, wish: Wish) -> Wish:
    """Return a wish with what another one has named in the same run."""
    if step is None:
        return wish
    indexes = wish.map_indexes if step.wish.map_indexes == wish.map_indexes else None
    by = step.wish.by | wish.by if step.wish.by and wish.by else frozenset()
    return replace(step.wish, task_ids=step.wish.task_ids | wish.task_ids, map_indexes=indexes, by=by)


def _step(conn: sa.Connection, wish: Wish, graphs: Graphs) -> Step | None:
    run = runs.get(conn, wish.run)
    if run is None:
        return None
    graph = graphs.get(conn, run.version_id)
    rows = instances.look(conn, run.id)
    found = plan_clear(
        run,
        graph,
        rows,
        wish.task_ids,
        states=wish.states,
        map_indexes=wish.map_indexes,
        ending=stopped.ending(conn, run.id),
    )
    return Step(wish, found)


def _follow(
    conn: sa.Connection, step: Step, reached: _Reached, graphs: Graphs, seen: set[tuple[int, str]]
) -> list[_Reached]:
    run = step.plan.run
    graph = graphs.get(conn, run.version_id)
    found = []
    for task_id in sorted(markers_of(step.plan, graph), key=lambda each: graph.tasks[each].rank):
        if (run.id, task_id) in seen:
            continue
        seen.add((run.id, task_id))
        most = _allowed(graph, task_id, reached)
        wish = _marked(conn, (run.id, task_id), graph, step.wish, graphs)
        if wish is not None:
            found.append(_Reached(wish, reached.depth + 1, most))
    return found


def _allowed(graph: Graph, task_id: str, reached: _Reached) -> int:
    mark = graph.tasks[task_id].marks
    most = reached.most if reached.most is not None else (mark.recursion_depth if mark else 0)
    if reached.depth + 1 > most:
        raise TooDeepError(
            f"Marker {task_id!r} of DAG {graph.dag_id!r} is one more than the {most} in a row that the first one's "
            "recursion_depth allows: nothing is cleared. Look for DAGs that mark each other, or raise it there."
        )
    return most


def _marked(conn: sa.Connection, marker: tuple[int, str], graph: Graph, wish: Wish, graphs: Graphs) -> Wish | None:
    """Return what a marker has cleared: the task that it marks and what is below, in the newest run of that date."""
    run, task_id = marker
    mark, moment = graph.tasks[task_id].marks, other_dags.moment_of(conn, run)
    marked = resolve(mark, task_id, moment) if mark is not None and moment is not None else None
    other = other_dags.newest(conn, marked.dag_id, marked.logical_date) if marked is not None else None
    if marked is None or other is None:
        return None
    below = graphs.get(conn, other.version_id)
    if marked.task_id not in below.tasks:
        return None
    return Wish(other.id, frozenset(descendants(below, [marked.task_id])), wish.states, by=frozenset({marker}))


def clear_all(write: Write, steps: Sequence[Step], *, graphs: Graphs, clock: Clock, ids: Ids) -> dict[int, Cleared]:
    """Clear run by run, each in a transaction of its own; what a marker leads to only if the marker was cleared.

    Arguments:
        write: does something for a step in a transaction, with `Database.write`.
    Returns:
        what was done by the keys of runs; a run is left out whose marker was not cleared, as something of its run was running.
    """
    done: dict[int, Cleared] = {}
    for step in steps:
        if _is_due(step, done):
            done[step.wish.run] = write(step, partial(_clear_wish, step.wish, graphs=graphs, clock=clock, ids=ids))
    return done


def _is_due(step: Step, done: Mapping[int, Cleared]) -> bool:
    """Tell whether a step is to be done: what a marker leads to only if the marker was cleared.

    Arguments:
        done: what the steps before it did, by the keys of their runs.
    """
    ways = step.wish.by
    return not ways or any(task_id in _markers(done.get(run)) for run, task_id in ways)


def _clear_wish(wish: Wish, conn: sa.Connection, *, graphs: Graphs, clock: Clock, ids: Ids) -> Cleared:
    """Clear what a wish names; nothing where its run was deleted since it was looked at."""
    if runs.lock(conn, wish.run) is None:
        return Cleared((), ())
    return clear(
        conn,
        wish.run,
        wish.task_ids,
        states=wish.states,
        map_indexes=wish.map_indexes,
        graphs=graphs,
        clock=clock,
        ids=ids,
    )


def _markers(cleared: Cleared | None) -> frozenset[str]:
    return frozenset() if cleared is None else cleared.markers

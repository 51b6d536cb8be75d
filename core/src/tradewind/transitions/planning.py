"""Planning a run that starts: which instances it has, and which of them are decided before anything ran."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.transitions.decision import RUN, Counters, decide, one
from tradewind.transitions.graph import Graph, Task, is_placeholder, literal_length
from tradewind.transitions.settling import decided_state
from tradewind.transitions.states import ENDED, TaskState


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """All instances of one task as a run starts; they are alike until something runs.

    Arguments:
        map_indexes: -1 alone for an unmapped task, for one that an XCom has yet to expand, and for one of length zero.
        counters: what all of them wait for, and how much of it ended already.
        state: `none`, `scheduled`, or an end.
        is_expandable: whether its length can be asked for at once.
    """

    task: Task
    map_indexes: tuple[int, ...]
    counters: Counters
    state: str
    is_expandable: bool


def plan(graph: Graph) -> list[PlannedTask]:
    """Return the instances of a run that starts, in topological order."""
    planned: dict[str, PlannedTask] = {}
    for task in graph.tasks.values():
        planned[task.task_id] = _planned(task, _upstream(planned, task))
    return list(planned.values())


def unstarted(graph: Graph) -> list[PlannedTask]:
    """Return the instances of a run that has to wait: nothing is decided."""
    return [
        PlannedTask(each.task, each.map_indexes, Counters(each.counters.waits), TaskState.NONE, is_expandable=False)
        for each in plan(graph)
    ]


def _upstream(planned: dict[str, PlannedTask], task: Task) -> Counters:
    counters = Counters(sum(len(planned[above].map_indexes) for above in task.upstream))
    for above in task.upstream:
        if planned[above].state in ENDED:
            counters = counters.plus(one(planned[above].state, len(planned[above].map_indexes)))
    return counters


def _planned(task: Task, counters: Counters) -> PlannedTask:
    indexes = _map_indexes(task)
    state = decided_state(task, indexes[0], counters) or TaskState.NONE
    may_expand = is_placeholder(task, indexes[0]) and decide(task.trigger_rule, counters) == RUN
    return PlannedTask(task, indexes, counters, state, may_expand)


def _map_indexes(task: Task) -> tuple[int, ...]:
    length = literal_length(task)
    return tuple(range(length)) if length else (-1,)

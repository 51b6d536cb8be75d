"""Planning a run that starts: which instances it has, and which of them are decided before anything ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tradewind.transitions.decision import RUN, Counters, decide, one
from tradewind.transitions.graph import Graph, Task, is_in_run, is_paired, is_placeholder, literal_length
from tradewind.transitions.scopes import Setups
from tradewind.transitions.settling import decided_state, waits_for_past
from tradewind.transitions.states import ENDED, TaskState


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """All instances of one task as a run starts; they are alike until something runs.

    Arguments:
        map_indexes: -1 alone for an unmapped task, for one that an XCom has yet to expand, and for one of length zero.
        counters: what all of them wait for, and how much of it ended already.
        state: `none`, `scheduled`, or an end.
        is_expandable: whether its length can be asked for at once.
        is_gated: whether it waits for past runs, and for nothing else.
    """

    task: Task
    map_indexes: tuple[int, ...]
    counters: Counters
    state: str
    is_expandable: bool
    is_gated: bool = False


def plan(graph: Graph, logical_date: datetime | None = None) -> list[PlannedTask]:
    """Return the instances of a run that starts, in topological order.

    Arguments:
        logical_date: what the run is about; tasks whose own dates leave it out are `removed`, as if they had not been.
    """
    planned: dict[str, PlannedTask] = {}
    setups = Setups(graph)
    for task in graph.tasks.values():
        above = _upstream(planned, task)
        is_in = is_in_run(task, logical_date)
        planned[task.task_id] = _planned(task, above, setups) if is_in else _removed(task, above)
        if task.in_scope:
            for map_index in planned[task.task_id].map_indexes:
                setups.put(task.task_id, map_index, planned[task.task_id].state)
    return list(planned.values())


def unstarted(graph: Graph, logical_date: datetime | None = None) -> list[PlannedTask]:
    """Return the instances of a run that has to wait: nothing is decided but what is no part of it."""
    planned = plan(graph, logical_date)
    removed = {each.task.task_id: len(each.map_indexes) for each in planned if each.state == TaskState.REMOVED}
    return [_waiting(each, removed) for each in planned]


def _waiting(planned: PlannedTask, removed: Mapping[str, int]) -> PlannedTask:
    state = TaskState.REMOVED if planned.task.task_id in removed else TaskState.NONE
    gone = sum(removed.get(above, 0) for above in planned.task.upstream)
    counters = Counters(planned.counters.waits, removed=gone)
    return PlannedTask(planned.task, planned.map_indexes, counters, state, is_expandable=False)


def _removed(task: Task, counters: Counters) -> PlannedTask:
    return PlannedTask(task, (-1,), counters, TaskState.REMOVED, is_expandable=False)


def _upstream(planned: dict[str, PlannedTask], task: Task) -> Counters:
    above = [
        (each, 1 if is_paired(each.task, task) else len(each.map_indexes))
        for each in map(planned.get, task.upstream)
        if each
    ]
    counters = Counters(sum(count for _, count in above))
    for each, count in above:
        if each.state in ENDED:
            counters = counters.plus(one(each.state, count))
    return counters


def _planned(task: Task, counters: Counters, setups: Setups) -> PlannedTask:
    indexes = _map_indexes(task)
    decision = setups.judge(task, indexes[0], decide(task.trigger_rule, counters))
    if waits_for_past(task, decision):
        return PlannedTask(task, indexes, counters, TaskState.NONE, is_expandable=False, is_gated=True)
    state = decided_state(task, indexes[0], decision) or TaskState.NONE
    may_expand = is_placeholder(task, indexes[0]) and decision == RUN
    return PlannedTask(task, indexes, counters, state, may_expand)


def _map_indexes(task: Task) -> tuple[int, ...]:
    length = literal_length(task)
    return tuple(range(length)) if length else (-1,)

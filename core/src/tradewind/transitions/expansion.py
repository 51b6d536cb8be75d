"""Expanding a mapped task over the stored lengths of XComs: no value is read.

It runs under the run's exclusive lock, in a transaction of its own that a scheduler makes from a continuation: ends
hold the
run shared, and two of them that both wanted more would wait for each other for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import prod
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import counters, gates, instances, runs, xcoms
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.metadata.statements.runs import Run
from tradewind.transitions import callbacks, notices
from tradewind.transitions.applying import apply
from tradewind.transitions.decision import RUN, decide
from tradewind.transitions.graph import (
    Graph,
    Task,
    Where,
    is_paired,
    length_of,
    members,
    outputs_of,
    reach,
    stopped_by,
    xcom_sources,
)
from tradewind.transitions.recount import resettle
from tradewind.transitions.runs import close_finished
from tradewind.transitions.scopes import Setups, read_setups
from tradewind.transitions.settling import ALL_INDEXES, Pressure, counters_of, press_down, settle, within
from tradewind.transitions.states import ENDED, TaskState

MOST_ROWS = 500
MOST_ROWS_OF_GROUP = 1_000_000
MOST_INSTANCES = 100_000
"""How many instances a task has at most, where the configuration does not say."""


def expand(
    conn: sa.Connection, run: Run, task_id: str, *, graph: Graph, now: datetime, ids: Ids, most: int = MOST_INSTANCES
) -> bool:
    """Expand a task of a run that the transaction holds exclusively; tell whether anything is ready to be admitted.

    A task in a mapped group is expanded with all others of the group.

    Nothing happens when the task was expanded or decided meanwhile, or when an upstream it expands over has not ended
    yet: the end of that one asks again.
    """
    task = graph.tasks[task_id]
    beside = [task] if task.mapped_group is None else members(graph, task.mapped_group)
    is_late = task.mapped_group is not None and _is_any_expanded(conn, run.id, beside)
    rows, cut = (instances.lock_run(conn, run.id), None) if is_late else _lock(conn, run.id, task, beside, graph)
    names = {each.task_id for each in beside}
    placeholders = {row.task_id: row for row in rows if row.map_index < 0 and row.task_id in names}
    placeholder = placeholders.get(task_id)
    setups = read_setups(conn, run.id, graph, {row.task_id for row in rows})
    if placeholder is None or not _is_open(task, placeholder, setups):
        return False
    states = instances.states_of_tasks(conn, run.id, {source for source, _ in xcom_sources(task)})
    if any(state not in ENDED for found in states.values() for state in found):
        return False
    length = _length(conn, run.id, task, graph, states, most=most)
    if length.count == 0:
        return _end_unexpanded(conn, placeholder, length, rows, cut, setups=setups, graph=graph, now=now, ids=ids)
    waiting = [row for row in placeholders.values() if row.state == TaskState.NONE]
    if is_late:
        _join(conn, run, waiting, rows, length.count, graph=graph, now=now, ids=ids)
        return True
    for row in waiting:
        each = graph.tasks[row.task_id]
        is_ready = _is_open(each, row, setups)
        state = _begin(conn, row, each, is_asked=each.task_id == task_id) if is_ready else TaskState.NONE
        _multiply(conn, run, row, each, length.count, state=state, graph=graph, now=now, ids=ids)
    _part(conn, run.id, {row.task_id for row in waiting}, placeholders.values(), graph)
    return True


@dataclass(frozen=True, slots=True)
class _Length:
    """How many instances a task has; for 0 also its end, and a sentence where that is its own failure."""

    count: int
    state: str = TaskState.SKIPPED
    cause: str | None = None


def _lock(
    conn: sa.Connection, run: int, task: Task, beside: Sequence[Task], graph: Graph
) -> tuple[Sequence[LockedInstance], tuple[int, int] | None]:
    """Lock the task, those of its mapped group, and what its end may touch; return the position where the cap cut that off."""
    ends = (TaskState.SKIPPED, TaskState.FAILED, TaskState.UPSTREAM_FAILED)
    wanted: dict[str, Where] = dict(reach(graph, dict.fromkeys(task.downstream, ends)))
    wanted |= dict.fromkeys(each.task_id for each in beside)
    # A group is expanded as one: all of it must be within, whatever there is of other tasks in between
    most = MOST_ROWS if task.mapped_group is None else MOST_ROWS_OF_GROUP
    rows, last = within(instances.lock_with_targets(conn, [], {run: wanted}, most=most + 1), most)
    return rows, None if last is None else (last.rank, last.map_index)


def _end_unexpanded(
    conn: sa.Connection,
    placeholder: LockedInstance,
    length: _Length,
    rows: Sequence[LockedInstance],
    cut: tuple[int, int] | None,
    *,
    setups: Setups,
    graph: Graph,
    now: datetime,
    ids: Ids,
) -> bool:
    """End a task that has no instances, and what that decides below; tell whether there is more to do now."""
    run, task_id = placeholder.run, placeholder.task_id
    instances.settle(conn, [placeholder.id], state=length.state, now=now, is_end=True)
    notices.decided(conn, {length.state: [placeholder]}, now=now, cause=length.cause)
    if length.cause:
        instances.add_tries(conn, [_never_tried(placeholder, length.cause, now)])
        callbacks.never_tried(conn, placeholder, graph, cause=length.cause, now=now)
    pressures, stopped = press_down(graph, [(task_id, -1, length.state)]), stopped_by(graph, task_id, length.state)
    for below in stopped & pressures.keys():
        pressures[below].is_forced = pressures[below].is_stopped = True
    settlement = settle(graph, rows, pressures, cut=cut, setups=setups)
    # What else this stops is not locked here: a scheduler goes on with it
    settlement.left += [(name, Pressure(is_forced=True, is_stopped=True)) for name in sorted(stopped)]
    ready = apply(conn, {run: settlement}, now=now, ids=ids)
    if ready:
        instances.settle(conn, [row.id for row in ready], state=TaskState.SCHEDULED, now=now, is_end=False)
    runs.advance(conn, {run: 1 + settlement.ended})
    close_finished(conn, {run: graph}, now=now, ids=ids)
    return bool(ready or settlement.left)


def _is_any_expanded(conn: sa.Connection, run: int, tasks: Iterable[Task]) -> bool:
    """Whether a mapped group has learned its length before: one of it that was cleared since joins the others."""
    states = instances.states_by_index(conn, run, [each.task_id for each in tasks])
    return any(map_index >= 0 for _, map_index, _ in states)


def _join(
    conn: sa.Connection,
    run: Run,
    waiting: Sequence[LockedInstance],
    rows: Sequence[LockedInstance],
    count: int,
    *,
    graph: Graph,
    now: datetime,
    ids: Ids,
) -> None:
    """Expand tasks of a group beside others that have gone on: each new instance counts what those of its index have done."""
    keys = {row.id for row in waiting}
    found = [row for row in rows if row.id not in keys]
    for row in waiting:
        task = graph.tasks[row.task_id]
        found += _multiply(conn, run, row, task, count, state=TaskState.NONE, graph=graph, now=now, ids=ids)
    resettle(conn, run.id, graph=graph, rows=found, now=now, ids=ids)


def _part(
    conn: sa.Connection, run: int, expanded: Collection[str], placeholders: Iterable[LockedInstance], graph: Graph
) -> None:
    """Let those of a group that have ended before it was expanded wait no more for those that were: no index is theirs."""
    for row in placeholders:
        lost = sum(above in expanded for above in graph.tasks[row.task_id].upstream)
        if row.task_id not in expanded and lost:
            counters.widen(conn, run, [row.task_id], -lost)


def _begin(conn: sa.Connection, placeholder: LockedInstance, task: Task, *, is_asked: bool) -> str:
    """Return the state in which the instances begin: those of other tasks of the group wait until their own rule is satisfied."""
    if is_asked or not task.depends_on_past:
        return TaskState.SCHEDULED
    gates.add(conn, [(placeholder.run, task.task_id, ALL_INDEXES)])
    return TaskState.NONE


def _is_open(task: Task, placeholder: LockedInstance, setups: Setups) -> bool:
    decision = decide(task.trigger_rule, counters_of(placeholder))
    return placeholder.state == TaskState.NONE and setups.judge(task, placeholder.map_index, decision) == RUN


def _length(
    conn: sa.Connection, run: int, task: Task, graph: Graph, states: Mapping[str, Mapping[str, int]], *, most: int
) -> _Length:
    sources = xcom_sources(task)
    without = {_without_list(graph.tasks[above], set(states.get(above, ()))) for above, _ in sources}
    for end in (TaskState.UPSTREAM_FAILED, TaskState.SKIPPED):
        if end in without:
            return _Length(0, end)
    outputs: dict[tuple[str, str], int] = {}
    for above, key in sources:
        length = _pushed_length(conn, run, graph.tasks[above], key)
        if length is None:
            cause = (
                f"Task {task.task_id!r} cannot be expanded over {_argument(task, (above, key))!r}: task {above!r} pushed no "
                f"list or dict under the key {key!r}. Let it return one."
            )
            return _Length(0, TaskState.FAILED, cause)
        outputs[above, key] = length
    count = prod(length_of(source, outputs) for _, source in task.expand or ())
    if count > most:
        cause = f"Task {task.task_id!r} would expand to {count} instances; scheduler.max_map_length is {most}."
        return _Length(0, TaskState.FAILED, cause)
    return _Length(count)


def _argument(task: Task, output: tuple[str, str]) -> str:
    """Return the argument that an output stands in."""
    return next(name for name, source in task.expand or () if output in outputs_of(source))


def _without_list(above: Task, ends: set[str]) -> str | None:
    """Return how a task ends that is mapped over what `above` should have pushed, None where that may have pushed it."""
    if ends == {TaskState.SKIPPED}:
        return TaskState.SKIPPED
    if above.expand is not None and not xcom_sources(above):
        return None  # it has instances from the beginning, and with them the values of those that succeeded, be it none
    failures = (
        {TaskState.UPSTREAM_FAILED} if above.expand is not None else {TaskState.UPSTREAM_FAILED, TaskState.FAILED}
    )
    return TaskState.UPSTREAM_FAILED if ends and ends <= failures else None


def _pushed_length(conn: sa.Connection, run: int, above: Task, key: str) -> int | None:
    if above.expand is not None:
        return xcoms.count(conn, run, above.task_id, key)
    return xcoms.length(conn, run, above.task_id, key)


def _multiply(
    conn: sa.Connection,
    run: Run,
    first: LockedInstance,
    task: Task,
    count: int,
    *,
    state: str,
    graph: Graph,
    now: datetime,
    ids: Ids,
) -> list[LockedInstance]:
    """Make the placeholder the instance of index 0 and insert the others, and return all; those below wait for all of them."""
    begin: dict[str, Any] = {"state": state, "scheduled_at": now if state == TaskState.SCHEDULED else None}
    instances.reset(conn, [{"key": first.id, "map_index": 0, "ended_at": None, **begin}])
    made = [replace(first, map_index=0, state=state)]
    more = count - 1
    if more == 0:
        return made
    keys = ids.block(more)
    # Not those of the first: if that had tries before it was cleared, it may make as many more
    begin["max_tries"] = task.retries
    rows = [_sibling(first, run, key=key, map_index=index) | begin for index, key in enumerate(keys, 1)]
    counts: Sequence[dict[str, Any]] = [{"instance": key, **counters_of(first)._asdict()} for key in keys]
    instances.add(conn, rows, counts)
    wider = [below for below in task.downstream if not is_paired(task, graph.tasks[below])]
    if wider:
        counters.widen(conn, run.id, wider, more)
    runs.advance(conn, {run.id: -more})
    fresh = replace(first, state=state, try_number=0, max_tries=task.retries, token=0, worker=None, started_at=None)
    return made + [replace(fresh, id=key, map_index=index) for index, key in enumerate(keys, 1)]


def _sibling(first: LockedInstance, run: Run, *, key: int, map_index: int) -> dict[str, Any]:
    same = ("task_id", "rank", "priority", "pool", "pool_slots", "executor", "queue")
    return {
        "id": key,
        "run": run.id,
        "dag_id": run.dag_id,
        "map_index": map_index,
        "try_number": 0,
        "token": 0,
        **{name: getattr(first, name) for name in same},
    }


def _never_tried(row: LockedInstance, cause: str, now: datetime) -> dict[str, Any]:
    """Return the row that keeps the cause. Its number is 0: the numbers of tries that were made, before a clear, are taken."""
    return {
        "instance": row.id,
        "token": row.token,
        "try_number": 0,
        "state": TaskState.FAILED,
        "started_at": None,
        "ended_at": now,
        "worker": None,
        "cause": cause,
        "exit_code": None,
    }

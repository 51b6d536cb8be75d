"""Expanding a mapped task over the stored lengths of XComs: no value is read.

It runs under the run's exclusive lock, in a transaction of its own that a scheduler makes from a continuation: ends
hold the
run shared, and two of them that both wanted more would wait for each other for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    xcom_sources,
)
from tradewind.transitions.runs import close_finished
from tradewind.transitions.scopes import Setups, read_setups
from tradewind.transitions.settling import ALL_INDEXES, counters_of, press_down, settle, within
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
    rows, cut = _lock(conn, run.id, task, beside, graph)
    placeholders = {row.task_id: row for row in rows if row.map_index < 0}
    placeholder = placeholders.get(task_id)
    setups = read_setups(conn, run.id, graph, {row.task_id for row in rows})
    if placeholder is None or not _is_open(task, placeholder, setups):
        return False
    states = instances.states_of_tasks(conn, run.id, {source for source, _ in xcom_sources(task)})
    if any(state not in ENDED for found in states.values() for state in found):
        return False
    length = _length(conn, run.id, task, graph, states, most=most)
    if length.count > 0:
        for each in beside:
            row = placeholders.get(each.task_id)
            if row is not None and row.state == TaskState.NONE:
                is_ready = _is_open(each, row, setups)
                state = _begin(conn, row, each, is_asked=each.task_id == task_id) if is_ready else TaskState.NONE
                _multiply(conn, run, row, each, length.count, state=state, graph=graph, now=now, ids=ids)
        return True
    instances.settle(conn, [placeholder.id], state=length.state, now=now, is_end=True)
    notices.decided(conn, {length.state: [placeholder]}, now=now, cause=length.cause)
    if length.cause:
        instances.add_tries(conn, [_never_tried(placeholder, length.cause, now)])
        callbacks.never_tried(conn, placeholder, graph, cause=length.cause, now=now)
    ended = [(task_id, placeholder.map_index, length.state)]
    settlement = settle(graph, rows, press_down(graph, ended), cut=cut, setups=setups)
    ready = apply(conn, {run.id: settlement}, now=now, ids=ids)
    if ready:
        instances.settle(conn, [row.id for row in ready], state=TaskState.SCHEDULED, now=now, is_end=False)
    runs.advance(conn, {run.id: 1 + settlement.ended})
    close_finished(conn, {run.id: graph}, now=now, ids=ids)
    return bool(ready or settlement.left)


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
) -> None:
    """Make the placeholder the instance of index 0 and insert the others; those below wait for all of them."""
    begin = {"state": state, "scheduled_at": now if state == TaskState.SCHEDULED else None}
    instances.reset(conn, [{"key": first.id, "map_index": 0, "ended_at": None, **begin}])
    more = count - 1
    if more == 0:
        return
    keys = ids.block(more)
    rows = [_sibling(first, run, key=key, map_index=index) | begin for index, key in enumerate(keys, 1)]
    counts: Sequence[dict[str, Any]] = [{"instance": key, **counters_of(first)._asdict()} for key in keys]
    instances.add(conn, rows, counts)
    wider = [below for below in task.downstream if not is_paired(task, graph.tasks[below])]
    if wider:
        counters.widen(conn, run.id, wider, more)
    runs.advance(conn, {run.id: -more})


def _sibling(first: LockedInstance, run: Run, *, key: int, map_index: int) -> dict[str, Any]:
    same = ("task_id", "rank", "max_tries", "priority", "pool", "pool_slots", "executor", "queue")
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

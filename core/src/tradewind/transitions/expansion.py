"""Expanding a mapped task over the stored lengths of XComs: no value is read.

It runs under the run's exclusive lock, in a transaction of its own that a scheduler makes from a continuation: ends
hold the
run shared, and two of them that both wanted more would wait for each other for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import prod
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import counters, instances, runs, xcoms
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.metadata.statements.runs import Run
from tradewind.transitions import callbacks, notices
from tradewind.transitions.applying import apply
from tradewind.transitions.decision import RUN, decide
from tradewind.transitions.graph import Graph, Task, reach, xcom_sources
from tradewind.transitions.runs import close_finished
from tradewind.transitions.settling import counters_of, press_down, settle, within
from tradewind.transitions.states import ENDED, TaskState

MOST_ROWS = 500
MOST_INSTANCES = 100_000


def expand(conn: sa.Connection, run: Run, task_id: str, *, graph: Graph, now: datetime, ids: Ids) -> bool:
    """Expand a task of a run that the transaction holds exclusively; tell whether anything is ready to be admitted.

    Nothing happens when the task was expanded or decided meanwhile, or when an upstream it expands over has not ended
    yet: the end of that one asks again.
    """
    task = graph.tasks[task_id]
    ends = (TaskState.SKIPPED, TaskState.FAILED, TaskState.UPSTREAM_FAILED)
    below = reach(graph, dict.fromkeys(task.downstream, ends))
    wanted = {run.id: {task_id, *below}}
    rows, last = within(instances.lock_with_targets(conn, [], wanted, most=MOST_ROWS + 1), MOST_ROWS)
    cut = None if last is None else (last.rank, last.map_index)
    placeholder = next((row for row in rows if row.task_id == task_id and row.map_index < 0), None)
    if placeholder is None or not _is_open(task, placeholder):
        return False
    states = instances.states_of_tasks(conn, run.id, {source for source, _ in xcom_sources(task)})
    if any(state not in ENDED for found in states.values() for state in found):
        return False
    count, state, cause = _length(conn, run.id, task, graph, states)
    if count > 0:
        _multiply(conn, run, placeholder, task, count, now=now, ids=ids)
        return True
    instances.settle(conn, [placeholder.id], state=state, now=now, is_end=True)
    notices.decided(conn, {state: [placeholder]}, now=now, cause=cause)
    if cause:
        instances.add_tries(conn, [_never_tried(placeholder, cause, now)])
        callbacks.never_tried(conn, placeholder, graph, cause=cause, now=now)
    settlement = settle(graph, rows, press_down(graph, [(task_id, state)]), cut=cut)
    ready = apply(conn, {run.id: settlement}, now=now, ids=ids)
    if ready:
        instances.settle(conn, [row.id for row in ready], state=TaskState.SCHEDULED, now=now, is_end=False)
    runs.advance(conn, {run.id: 1 + settlement.ended})
    close_finished(conn, {run.id: graph}, now=now, ids=ids)
    return bool(ready or settlement.left)


def _is_open(task: Task, placeholder: LockedInstance) -> bool:
    is_undecided = placeholder.state == TaskState.NONE
    return is_undecided and decide(task.trigger_rule, counters_of(placeholder)) == RUN


def _length(
    conn: sa.Connection, run: int, task: Task, graph: Graph, states: Mapping[str, Mapping[str, int]]
) -> tuple[int, str, str | None]:
    """Return how many instances the task has; for 0 also its end, and a sentence where that is its own failure."""
    without = {_without_list(graph.tasks[above], set(states.get(above, ()))) for above, _ in xcom_sources(task)}
    for end in (TaskState.UPSTREAM_FAILED, TaskState.SKIPPED):
        if end in without:
            return 0, end, None
    lengths: list[int] = []
    for argument, source in task.expand or ():
        if isinstance(source, int):
            lengths.append(source)
            continue
        above, key = source
        length = _pushed_length(conn, run, graph.tasks[above], key)
        if length is None:
            cause = (
                f"Task {task.task_id!r} cannot be expanded over {argument!r}: task {above!r} pushed no list or dict "
                f"under the key {key!r}. Let it return one."
            )
            return 0, TaskState.FAILED, cause
        lengths.append(length)
    count = prod(lengths)
    if count > MOST_INSTANCES:
        cause = f"Task {task.task_id!r} would expand to {count} instances; {MOST_INSTANCES} is the limit."
        return 0, TaskState.FAILED, cause
    return count, TaskState.SKIPPED, None


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
    conn: sa.Connection, run: Run, first: LockedInstance, task: Task, count: int, *, now: datetime, ids: Ids
) -> None:
    """Make the placeholder the instance of index 0 and insert the others; those below wait for all of them."""
    instances.reset(
        conn, [{"key": first.id, "map_index": 0, "state": TaskState.SCHEDULED, "scheduled_at": now, "ended_at": None}]
    )
    more = count - 1
    if more == 0:
        return
    keys = ids.block(more)
    rows = [_sibling(first, run, key=key, map_index=index, now=now) for index, key in enumerate(keys, 1)]
    counts: Sequence[dict[str, Any]] = [{"instance": key, **counters_of(first)._asdict()} for key in keys]
    instances.add(conn, rows, counts)
    if task.downstream:
        counters.widen(conn, run.id, task.downstream, more)
    runs.advance(conn, {run.id: -more})


def _sibling(first: LockedInstance, run: Run, *, key: int, map_index: int, now: datetime) -> dict[str, Any]:
    same = ("task_id", "rank", "max_tries", "priority", "pool", "pool_slots", "executor", "queue")
    return {
        "id": key,
        "run": run.id,
        "dag_id": run.dag_id,
        "map_index": map_index,
        "state": TaskState.SCHEDULED,
        "try_number": 0,
        "token": 0,
        "scheduled_at": now,
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

"""Changing task instances: clearing them, marking them, writing notes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements import instances as locked
from tradewind.metadata.statements import listings, runs
from tradewind.metadata.statements.browsing import notes
from tradewind.operations.clearing import clear_wishes
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import NotFoundError
from tradewind.operations.finding import graph_of, require_dag, require_instance, require_run
from tradewind.operations.references import Reference, references
from tradewind.operations.selecting import MOST_RUNS, limited, neighbouring_runs, with_neighbours
from tradewind.operations.task_instances.marking import mark_in_run
from tradewind.operations.task_instances.reading import InstanceView, views
from tradewind.transitions import marking
from tradewind.transitions.clear_across import Wish
from tradewind.transitions.states import TaskState

FAILED = (TaskState.FAILED, TaskState.UPSTREAM_FAILED)


@operation("task_instances.note")
def note_instance(
    context: Context, *, dag_id: str, run_id: str, task_id: str, note: str | None, map_index: int | None = None
) -> InstanceView:
    """Write the note of a task instance in place of the one before; none takes it away.

    Raises:
        NotFoundError: there is none, or the task is mapped and no index was given.
    """

    def work(connection: sa.Connection, entry: Entry) -> InstanceView:
        row = require_instance(connection, dag_id, run_id, task_id, map_index)
        entry.before, entry.after = {"note": row.note}, {"note": note}
        notes.of_instance(connection, row.id, note)
        return views(context, [require_instance(connection, dag_id, run_id, task_id, map_index)])[0]

    return context.change(work, wakes=())


@operation("task_instances.mark")
def mark_instance(
    context: Context,
    *,
    dag_id: str,
    run_id: str,
    task_id: str,
    new_state: str,
    map_index: int | None = None,
    dry_run: bool = True,
) -> Reference:
    """Say how one task instance has ended, or return only which one that is about.

    Raises:
        NotFoundError: there is none, or the task is mapped and no index was given.
    """
    with context.read() as connection:
        run = require_run(connection, dag_id, run_id)
        row = require_instance(connection, dag_id, run_id, task_id, map_index)
    if not dry_run:
        mark_in_run(context, run, {task_id}, new_state, map_indexes=[row.map_index])
    return Reference(dag_id, run_id, row.logical_date, task_id, row.map_index)


@operation("task_instances.mark")
def mark_instances(
    context: Context,
    *,
    dag_id: str,
    task_id: str,
    new_state: str,
    run_id: str | None = None,
    execution_date: datetime | None = None,
    include_upstream: bool = False,
    include_downstream: bool = False,
    include_past: bool = False,
    include_future: bool = False,
    dry_run: bool = True,
) -> list[Reference]:
    """Say how a task has ended, with others around it and in other runs; return which instances change.

    Raises:
        NotFoundError: there is no such DAG, run, or task in it.
    """
    graphs = context.tools.graphs
    found: list[tuple[Any, Any]] = []
    wanted = []
    with context.read() as connection:
        require_dag(connection, dag_id)
        run = _run(connection, dag_id, run_id, execution_date)
        for each in _around(connection, run, past=include_past, future=include_future):
            graph = graph_of(context, connection, each.version_id)
            if task_id not in graph.tasks:
                if each.id == run.id:
                    raise NotFoundError(f"Run {each.run_id!r} of DAG {dag_id!r} has no task {task_id!r}.")
                continue
            tasks = with_neighbours(graph, [task_id], upstream=include_upstream, downstream=include_downstream)
            as_it_is = runs.get(connection, each.id)
            if as_it_is is None:
                continue
            plan = marking.plan_tasks(
                as_it_is, graphs.get(connection, each.version_id), locked.look(connection, each.id), tasks, new_state
            )
            found += [(plan.run, row) for row, _ in plan.marked]
            wanted.append((each, tasks))
        names = references(connection, found)
    if not dry_run:
        for each, tasks in wanted:
            mark_in_run(context, each, tasks, new_state)
    return names


@operation("task_instances.clear")
def clear_instances(
    context: Context,
    *,
    dag_id: str,
    task_ids: Sequence[tuple[str, int | None]] | None = None,
    run_id: str | None = None,
    start_date: datetime | None = None,
    end_date: datetime | None = None,
    only_failed: bool = True,
    only_running: bool = False,
    include_upstream: bool = False,
    include_downstream: bool = False,
    include_past: bool = False,
    include_future: bool = False,
    dry_run: bool = True,
) -> list[Reference]:
    """Have task instances of a DAG go again; return which ones. A run that had ended is queued again with its tasks.

    Arguments:
        task_ids: with the index of one instance of a mapped task, or None for all; None for all tasks.
        run_id: of one run; else all runs between the dates.
        start_date, end_date: the first and the last logical date.
        only_failed, only_running: only instances in such a state.
        include_past, include_future: also of runs before and after the one named.
    Raises:
        NotFoundError: there is no such DAG, run or task.
        InvalidError: there are too many runs.
        ConflictError: one of the tasks is running; nothing was cleared then.
    """
    states = FAILED if only_failed else (TaskState.RUNNING,) if only_running else None
    with context.read() as connection:
        newest = graph_of(context, connection, require_dag(connection, dag_id).version_id)
        if run_id is not None:
            run = _run(connection, dag_id, run_id, None)
            found = _around(connection, run, past=include_past, future=include_future)
        else:
            since, until = None if include_past else start_date, None if include_future else end_date
            found = listings.list_runs(connection, dag_id=dag_id, since=since, until=until, limit=MOST_RUNS + 1)
            limited(found, MOST_RUNS)
        graphs = context.tools.graphs.get_all(connection, {each.version_id for each in found})
    known = set(newest.tasks).union(*(graph.tasks for graph in graphs.values()))
    for task_id, _ in task_ids or ():
        if task_id not in known:
            raise NotFoundError(f"DAG {dag_id!r} has no task {task_id!r}.")
    around = partial(with_neighbours, upstream=include_upstream, downstream=include_downstream)
    wishes = [
        wish
        for each in found
        if each.version_id in graphs
        for wish in _wishes(each.id, graphs[each.version_id], task_ids, around, states)
    ]
    return clear_wishes(context, wishes, dry_run=dry_run)


def _wishes(
    run: int,
    graph: Any,
    task_ids: Sequence[tuple[str, int | None]] | None,
    around: Any,
    states: Collection[str] | None,
) -> Iterator[Wish]:
    """Yield what is to be cleared in a run: tasks as a whole, and single instances of others."""
    if task_ids is None:
        yield Wish(run, frozenset(graph.tasks), states)
        return
    there = [(task_id, index) for task_id, index in task_ids if task_id in graph.tasks]
    whole = [task_id for task_id, index in there if index is None]
    single: dict[str, set[int]] = {}
    for task_id, index in there:
        if index is not None and task_id not in whole:
            single.setdefault(task_id, set()).add(index)
    neighbours = around(graph, {task_id for task_id, _ in there}) - single.keys()
    if neighbours:
        yield Wish(run, frozenset(neighbours), states)
    for task_id, indexes in sorted(single.items()):
        yield Wish(run, frozenset({task_id}), states, sorted(indexes))


def _run(connection: sa.Connection, dag_id: str, run_id: str | None, date: datetime | None) -> listings.RunRow:
    if run_id is not None:
        found = listings.list_runs(connection, dag_id=dag_id, run_id=run_id, limit=1)
    else:
        found = listings.list_runs(connection, dag_id=dag_id, since=date, until=date, limit=1)
    if not found:
        named = f"run {run_id!r}" if run_id is not None else f"run of {date}"
        raise NotFoundError(f"There is no {named} of DAG {dag_id!r}.")
    return found[0]


def _around(connection: sa.Connection, run: listings.RunRow, *, past: bool, future: bool) -> list[listings.RunRow]:
    return limited(neighbouring_runs(connection, run, past=past, future=future, most=MOST_RUNS + 1), MOST_RUNS)

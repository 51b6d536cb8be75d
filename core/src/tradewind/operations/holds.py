"""Holds: keep a DAG, a run or a task from starting anything new, until they are released."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from tradewind.metadata.statements import holds, listings
from tradewind.metadata.statements.holds import Hold
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import InvalidError, NotFoundError
from tradewind.operations.finding import require_dag, require_run
from tradewind.operations.paging import Page, Paging


@operation("holds.list")
def list_holds(context: Context, *, page: Paging, dag_id: str | None = None) -> Page[Hold]:
    """Return what is held, since when and why; by DAG and age.

    Arguments:
        dag_id: of this DAG only.
    """
    with context.read() as connection:
        found = holds.list_all(connection, dag_id=dag_id, dags=context.dags)
    return Page(found[page.offset : page.offset + page.limit], len(found))


@operation("holds.add")
def add_hold(
    context: Context,
    *,
    dag_id: str,
    run_id: str | None = None,
    task_id: str | None = None,
    map_index: int | None = None,
    reason: str | None = None,
) -> Hold:
    """Hold a DAG, a run or a task: what has not begun gets no slot; what is queued or running goes on.

    Arguments:
        run_id: of this run only.
        task_id: this task only.
        map_index: this instance of the mapped task only, from 0.
        reason: shown to those who ask why it does not run.
    Raises:
        NotFoundError: there is no such DAG, run or task of the run.
        InvalidError: an index without a task.
    """
    if map_index is not None and task_id is None:
        raise InvalidError("map_index", "It says which instance of a task: name that in task_id.")

    def work(connection: sa.Connection, entry: Entry) -> Hold:
        require_dag(connection, dag_id)
        run = None if run_id is None else require_run(connection, dag_id, run_id)
        if task_id is not None and run is not None:
            tasks = {each.task_id for each in listings.list_tasks(connection, run.id)}
            if task_id not in tasks:
                raise NotFoundError(
                    f"Run {run_id!r} of DAG {dag_id!r} has no task {task_id!r}.", error_id="no-such-task"
                )
        key = context.ids.block(1)[0]
        row = {
            "id": key,
            "held_at": context.tools.clock.now(),
            "reason": reason,
            "dag_id": dag_id,
            "run": None if run is None else run.id,
            "task_id": task_id,
            "map_index": map_index,
        }
        entry.after = {"hold": key, "reason": reason}
        holds.add(connection, row)
        return next(each for each in holds.list_all(connection, dag_id=dag_id) if each.id == key)

    return context.change(work, wakes=())


@operation("holds.release")
def release_hold(context: Context, *, dag_id: str, key: int) -> None:
    """Let go on what was held.

    Raises:
        NotFoundError: the DAG has no such hold.
    """
    release_holds(context, dag_id=dag_id, keys=[key])


@operation("holds.release")
def release_holds(context: Context, *, dag_id: str, keys: Sequence[int]) -> None:
    """Let go on what was held: all of these holds or, where there is not each of them, none.

    Raises:
        NotFoundError: the DAG has no such hold.
    """

    def work(connection: sa.Connection, entry: Entry) -> None:
        known = {each.id: each for each in holds.list_all(connection, dag_id=dag_id)}
        for key in keys:
            if key not in known:
                raise NotFoundError(f"DAG {dag_id!r} has no hold {key}.", error_id="no-such-hold")
        found = [known[key] for key in keys]
        entry.before = entry.after = [{"hold": each.id, "what": each.what, "reason": each.reason} for each in found]
        holds.release(connection, keys)

    context.change(work)

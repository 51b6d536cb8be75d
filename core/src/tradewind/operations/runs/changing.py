"""Changing runs: their notes and states; clearing and deleting them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tradewind.metadata import cleaning as stored
from tradewind.metadata.statements import cleaning
from tradewind.metadata.statements.browsing import notes, runs
from tradewind.operations.clearing import clear_wishes
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import ConflictError
from tradewind.operations.finding import graph_of, require_run
from tradewind.operations.references import Reference
from tradewind.plugins.named_xcoms import open_xcom_storages
from tradewind.transitions import marking
from tradewind.transitions.clear_across import Wish
from tradewind.transitions.states import RunState


@operation("runs.note")
def note_run(context: Context, *, dag_id: str, run_id: str, note: str | None) -> Any:
    """Write the note of a run in place of the one before; none takes it away.

    Raises:
        NotFoundError: the DAG has no such run.
    """

    def work(connection: sa.Connection, entry: Entry) -> Any:
        run = require_run(connection, dag_id, run_id)
        entry.before, entry.after = {"note": run.note}, {"note": note}
        notes.of_run(connection, run.id, note)
        return runs.by_key(connection, run.id)

    return context.change(work, wakes=())


@operation("runs.mark")
def mark_run(context: Context, *, dag_id: str, run_id: str, state: str) -> Any:
    """Say that a run has succeeded or failed, with its tasks; or queue one again that has ended.

    Arguments:
        state: `success`, `failed` or `queued`.
    Raises:
        NotFoundError: the DAG has no such run.
    """
    tools, ids = context.tools, context.ids

    def work(connection: sa.Connection, entry: Entry) -> Any:
        run = require_run(connection, dag_id, run_id)
        if state == RunState.QUEUED:
            marking.queue_run(connection, run.id, clock=tools.clock)
        else:
            marking.mark_run(connection, run.id, state, graphs=tools.graphs, clock=tools.clock, ids=ids)
        after = runs.by_key(connection, run.id)
        entry.before, entry.after = {"state": run.state}, {"state": None if after is None else after.state}
        return after

    return context.change(work)


@operation("runs.clear")
def clear_run(context: Context, *, dag_id: str, run_id: str, dry_run: bool = True) -> Any:
    """Have all tasks of a run go again, and return it; or return only which ones would.

    Raises:
        NotFoundError: the DAG has no such run.
        ConflictError: a task of it is running.
    """
    with context.read() as connection:
        run = require_run(connection, dag_id, run_id)
        tasks = frozenset(graph_of(context, connection, run.version_id).tasks)
    found: list[Reference] = clear_wishes(context, [Wish(run.id, tasks)], dry_run=dry_run)
    if dry_run:
        return found
    with context.read() as connection:
        return require_run(connection, dag_id, run_id)


@operation("runs.delete")
def delete_run(context: Context, *, dag_id: str, run_id: str) -> None:
    """Delete a run with its task instances and XComs; the logs of its tasks are kept.

    Raises:
        NotFoundError: the DAG has no such run.
        ConflictError: it has not ended.
    """

    def work(connection: sa.Connection, entry: Entry) -> tuple[str, ...]:
        run = require_run(connection, dag_id, run_id)
        entry.before = {"state": run.state}
        done = cleaning.delete_run(connection, run.id)
        if done is None:
            raise ConflictError(f"Run {run_id!r} of DAG {dag_id!r} has not ended: wait, or mark it as failed before.")
        return done.references

    references = context.change(work)
    if references:
        stored.delete_stored(open_xcom_storages(context.tools.config), references)

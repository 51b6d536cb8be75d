"""Changing DAGs: pausing and deleting them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa

from tradewind.metadata import cleaning
from tradewind.metadata.statements.browsing import dags
from tradewind.metadata.statements.browsing.dags import DagFilter
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.dags.reading import DagView, page_of, view_of
from tradewind.operations.errors import ConflictError
from tradewind.operations.finding import require_dag
from tradewind.operations.paging import Page, Paging
from tradewind.plugins.xcoms import open_xcom_storage

RUNS_AT_ONCE = 50
NAMED = 3


@operation("dags.change")
def change_dag(context: Context, *, dag_id: str, is_paused: bool | None = None) -> DagView:
    """Pause or unpause a DAG; None leaves it as it is.

    Raises:
        NotFoundError: there is no such DAG.
    """

    def work(connection: sa.Connection, entry: Entry) -> DagView:
        row = require_dag(connection, dag_id)
        wanted = row.is_paused if is_paused is None else is_paused
        entry.before, entry.after = {"is_paused": row.is_paused}, {"is_paused": wanted}
        dags.set_paused(connection, _only(dag_id), is_paused=wanted)
        return view_of(context, connection, dag_id)

    return context.change(work)


@operation("dags.change_all")
def change_dags(context: Context, *, page: Paging, wanted: DagFilter, is_paused: bool | None = None) -> Page[DagView]:
    """Pause or unpause all DAGs that are meant, of those that one may change, and return a part of them."""
    allowed = replace(wanted, allowed=context.dags)

    def work(connection: sa.Connection, entry: Entry) -> Page[DagView]:
        if is_paused is not None:
            entry.before = {"is_paused": not is_paused}
            entry.after = {"is_paused": is_paused, "dags": dags.set_paused(connection, allowed, is_paused=is_paused)}
        return page_of(context, connection, allowed, page)

    return context.change(work)


@operation("dags.delete")
def delete_dag(context: Context, *, dag_id: str, tell: Callable[[int], None] = lambda _runs: None) -> None:
    """Delete a DAG's runs, XComs and old versions; the DAG itself too, unless its file still makes it.

    Arguments:
        tell: called with the number of runs that are deleted so far, where that is done in this process.
    Raises:
        NotFoundError: there is no such DAG.
        ConflictError: a run of it has not ended; it is paused then, and nothing is deleted.
    """
    with context.read() as connection:
        require_dag(connection, dag_id)
    plugins = context.tools.config.plugins
    storage = open_xcom_storage(plugins.xcom_storage, plugins.xcom_location)
    try:
        is_gone = cleaning.delete_dag(context.tools.database, dag_id, storage=storage, batch=RUNS_AT_ONCE, tell=tell)
    except cleaning.StillRunningError as error:
        more = f" and {len(error.run_ids) - NAMED} more" if len(error.run_ids) > NAMED else ""
        raise ConflictError(
            f"Nothing is deleted, as runs of {dag_id} have not ended: {', '.join(error.run_ids[:NAMED])}{more}. The DAG is "
            f"paused now, so no new ones begin: try again when they have (`tradewind dags list-runs -d {dag_id}`).",
            error_id="task-running",
        ) from error

    def note(_connection: sa.Connection, entry: Entry) -> None:
        entry.after = {"is_gone": is_gone}

    context.change(note)


def _only(dag_id: str) -> DagFilter:
    return DagFilter(frozenset({dag_id}), only_active=False)

"""Deleting what a DAG has done, and the DAG itself."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from tradewind.metadata import cleaning
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.errors import ConflictError
from tradewind.operations.finding import require_dag
from tradewind.plugins.named_xcoms import open_xcom_storages

RUNS_AT_ONCE = 50
NAMED = 3


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
    storage = open_xcom_storages(context.tools.config)
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

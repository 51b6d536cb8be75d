"""Deadlines: `dagrun_timeout` of DAGs and `sla` of tasks, which were missed and which are to come."""

from __future__ import annotations

from typing import Any

from tradewind.metadata.statements import deadlines
from tradewind.metadata.statements.deadlines import Among
from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Page, Paging


@operation("deadlines.list")
def list_deadlines(context: Context, *, page: Paging, dag_id: str | None = None, is_missed: bool = False) -> Page[Any]:
    """Return deadlines of runs: those that were missed, the newest first, then those to come.

    Arguments:
        dag_id: of this DAG only.
        is_missed: only those that were missed.
    """
    which = Among(dag_id, is_missed, context.dags)
    with context.read() as connection:
        rows = deadlines.find(connection, which, limit=page.limit, offset=page.offset)
        return Page(rows, deadlines.count(connection, which))

"""Runs, as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tradewind.metadata.statements.browsing import runs
from tradewind.metadata.statements.browsing.parts import COUNTED_MOST
from tradewind.metadata.statements.browsing.runs import RunFilter
from tradewind.operations.context import Context, operation
from tradewind.operations.finding import require_run
from tradewind.operations.paging import Page, Paging


@operation("runs.list")
def list_runs(context: Context, *, page: Paging, wanted: RunFilter, dag_id: str | None = None) -> Page[Any]:
    """Return runs of a DAG or of all, the oldest first or in another order of `runs.ORDERS`."""
    return _page(context, wanted if dag_id is None else replace(wanted, dag_ids=[dag_id]), page)


@operation("runs.list")
def list_runs_batch(context: Context, *, page: Paging, wanted: RunFilter) -> Page[Any]:
    """Return runs of several DAGs, the oldest first or in another order of `runs.ORDERS`."""
    return _page(context, wanted, page)


@operation("runs.get")
def get_run(context: Context, *, dag_id: str, run_id: str) -> Any:
    """Return a run.

    Raises:
        NotFoundError: the DAG has no such run.
    """
    with context.read() as connection:
        return require_run(connection, dag_id, run_id)


def _page(context: Context, wanted: RunFilter, page: Paging) -> Page[Any]:
    allowed = replace(wanted, allowed=context.dags)
    with context.read() as connection:
        rows = runs.page(connection, allowed, page.part)
        total = len(rows) + page.offset
        # The last page says by itself how many there are
        if len(rows) == page.limit or not rows:
            total = runs.count(connection, allowed)
        if total > COUNTED_MOST and len(rows) == page.limit:
            total = context.tools.totals.of(connection, "dag_run", context.tools.clock.now())
    return Page(rows, total)

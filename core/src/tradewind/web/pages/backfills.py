"""Backfills: their progress over all DAGs, the dates of one, and the form that starts one."""

from __future__ import annotations

from typing import Any

from tradewind.operations.backfills import get_backfill, list_backfills, list_dates
from tradewind.operations.context import Context, operation
from tradewind.operations.dags.reading import get_dag
from tradewind.operations.paging import Paging
from tradewind.transitions.backfills import REPROCESS
from tradewind.web.pages.filters import BackfillQuery, BackfillsQuery
from tradewind.web.pages.page import Menu, Page

OPEN = ("running", "paused")
SHOWN = 25


@operation("backfills.list")
def backfill_list(
    context: Context, *, page: Paging, dag_id: str | None = None, key: int | None = None, only_open: bool = False
) -> dict[str, Any]:
    """Return backfills with their progress, the newest first."""
    found = list_backfills(context, page=page, dag_id=dag_id, key=key, only_open=only_open)
    return {"backfills": found.rows, "total": found.total, "page": page, "only_open": only_open, "open": OPEN}


@operation("backfills.list")
def dag_backfills(context: Context, *, dag_id: str) -> dict[str, Any]:
    """Return the last backfills of a DAG, and what the form needs that starts one."""
    view = get_dag(context, dag_id=dag_id)
    found = list_backfills(context, page=Paging(SHOWN), dag_id=dag_id)
    return {
        "dag": view,
        "backfills": found.rows,
        "total": found.total,
        "shown": SHOWN,
        "open": OPEN,
        "choices": REPROCESS,
        "tab": "backfills",
    }


@operation("backfills.get")
def backfill_page(context: Context, *, dag_id: str, key: int, page: Paging) -> dict[str, Any]:
    """Return a backfill with its dates in their order."""
    dates = list_dates(context, dag_id=dag_id, key=key, page=page)
    return {
        "dag_id": dag_id,
        "each": get_backfill(context, dag_id=dag_id, key=key),
        "dates": dates.rows,
        "total": dates.total,
        "page": page,
        "open": OPEN,
    }


PAGES = (
    Page("/backfills", backfill_list, "backfills.html", query=BackfillsQuery, menu=Menu("Browse", "Backfills", 3)),
    Page("/dags/{dag_id}/backfills", dag_backfills, "dag_backfills.html"),
    Page("/dags/{dag_id}/backfills/{backfill_id}", backfill_page, "backfill.html", query=BackfillQuery),
)

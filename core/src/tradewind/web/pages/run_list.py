"""Runs of all DAGs: found by filters, and changed many at once."""

from __future__ import annotations

from typing import Any

from tradewind.metadata.statements.browsing.parts import COUNTED_MOST
from tradewind.metadata.statements.browsing.runs import RunFilter
from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Paging
from tradewind.operations.runs.reading import list_runs
from tradewind.web.pages import bulk
from tradewind.web.pages.filters import RunsQuery, newest_first
from tradewind.web.pages.page import Menu, Page

ACTIONS = {"clear": "task_instances.clear", "mark": "runs.change_all", "delete": "runs.delete"}


@operation("runs.list")
def run_list(context: Context, *, page: Paging, wanted: RunFilter, dag_id: str | None = None) -> dict[str, Any]:
    """Return runs, the newest first."""
    found = list_runs(context, page=newest_first(page), wanted=wanted, dag_id=dag_id)
    return {
        "runs": found.rows,
        "total": found.total,
        "page": page,
        "counted_most": COUNTED_MOST,
        "buttons": bulk.buttons(context, ACTIONS),
        "actions": bulk.by_dag(context, ACTIONS, (run.dag_id for run in found.rows)),
    }


PAGES = (Page("/runs", run_list, "run_list.html", query=RunsQuery, menu=Menu("Browse", "Runs", 0)),)

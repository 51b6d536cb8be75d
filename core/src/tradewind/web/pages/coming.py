"""The runs that a DAG's schedule makes next, and what unpausing it would make: shown, not made."""

from __future__ import annotations

from typing import Any

from tradewind.operations.coming_runs import list_coming_runs, preview_unpausing
from tradewind.operations.context import Context, operation
from tradewind.operations.dags.reading import get_dag
from tradewind.web.pages.page import Page

NEXT = 20


@operation("dags.next_runs")
def dag_coming(context: Context, *, dag_id: str) -> dict[str, Any]:
    """Return the coming runs of a DAG; of one that is paused also what unpausing it would do."""
    view = get_dag(context, dag_id=dag_id)
    is_paused = view.row.is_paused and context.may("dags.unpause_preview", dag_id)
    return {
        "dag": view,
        "coming": list_coming_runs(context, dag_id=dag_id, number=NEXT),
        "unpausing": preview_unpausing(context, dag_id=dag_id) if is_paused else None,
        "tab": "coming",
    }


PAGES = (Page("/dags/{dag_id}/coming", dag_coming, "dag_coming.html"),)

"""Task instances of all DAGs: found by filters, cleared and marked many at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tradewind.api.schemas.task_instances import STATES
from tradewind.metadata.statements.browsing.instances import InstanceFilter
from tradewind.metadata.statements.browsing.parts import COUNTED_MOST
from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Paging
from tradewind.operations.task_instances.reading import list_instances
from tradewind.web.pages import bulk
from tradewind.web.pages.filters import InstancesQuery, newest_first
from tradewind.web.pages.page import Menu, Page

ACTIONS = {"clear": "task_instances.clear", "mark": "task_instances.mark"}
OUR_STATES = ("none", *(each for each in STATES if each != "restarting"))
"""States that can be asked for; one of Airflow's is never taken."""


@operation("task_instances.list")
def instance_list(
    context: Context,
    *,
    page: Paging,
    wanted: InstanceFilter,
    dag_id: str | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
) -> dict[str, Any]:
    """Return task instances, by and large the newest first."""
    named = wanted if task_id is None else replace(wanted, task_ids=[task_id])
    found = list_instances(context, page=newest_first(page), wanted=named, dag_id=dag_id, run_id=run_id)
    return {
        "instances": found.rows,
        "total": found.total,
        "page": page,
        "counted_most": COUNTED_MOST,
        "states": OUR_STATES,
        "buttons": bulk.buttons(context, ACTIONS),
        "actions": bulk.by_dag(context, ACTIONS, (each.row.dag_id for each in found.rows)),
    }


PAGES = (
    Page(
        "/task-instances",
        instance_list,
        "instance_list.html",
        query=InstancesQuery,
        menu=Menu("Browse", "Task instances", 1),
    ),
)

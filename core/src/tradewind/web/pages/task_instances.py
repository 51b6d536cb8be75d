"""A task instance: why it waits or failed, its tries, its log, what it handed on."""

from __future__ import annotations

from typing import Any

from tradewind.metadata.statements.browsing import instances, xcoms
from tradewind.metadata.statements.browsing.xcoms import XComFilter
from tradewind.operations.context import Context, operation
from tradewind.operations.finding import graph_of, require_instance, run_of
from tradewind.operations.task_instances.logs import Place, read_log
from tradewind.operations.task_instances.reading import tries_of, views
from tradewind.transitions.states import ENDED, TaskState
from tradewind.transitions.why import Why
from tradewind.web.pages.page import Feed, Page
from tradewind.web.pages.schemas import InstanceQuery, LogQuery

MOST_XCOMS = 50


@operation("task_instances.get")
def task_instance_page(
    context: Context, *, dag_id: str, run_id: str, task_id: str, map_index: int | None, try_number: int | None
) -> dict[str, Any]:
    """Return a task instance with its tries, the cause of its last failure, and what it pushed."""
    named: dict[str, Any] = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index}
    shows_tries, shows_xcoms, shows_why = (
        context.may(each, dag_id) for each in ("task_instances.tries", "xcoms.list", "why.get")
    )
    with context.read() as connection:
        run = run_of(connection, dag_id, run_id)
        row = require_instance(connection, dag_id, run_id, task_id, map_index)
        ended = instances.tries(connection, row.id)
        task = graph_of(context, connection, run.version_id).tasks.get(task_id)
        of_task = XComFilter(None, dag_id, run_id, task_id, row.map_index)
        pushed = xcoms.page(connection, of_task, limit=MOST_XCOMS, offset=0) if shows_xcoms else []
        is_waiting = row.state not in ENDED and row.state != TaskState.RUNNING
        why = Why(connection, context.tools.graphs, context.tools.clock)
        reason = why.task(run, task_id, row.map_index) if is_waiting and shows_why else ""
    view = views(context, [row])[0]
    return {
        "view": view,
        "row": row,
        "run": run,
        "task": task,
        "tries": tries_of(view, ended) if shows_tries else [],
        "causes": {each.try_number: each.cause for each in ended},
        "xcoms": pushed,
        "why": reason,
        "try_number": try_number or row.try_number,
        **named,
    }


@operation("task_instances.log")
def task_log(
    context: Context,
    *,
    dag_id: str,
    run_id: str,
    task_id: str,
    try_number: int,
    map_index: int | None,
    log: int,
    offset: int,
) -> dict[str, Any]:
    """Return the next part of a try's log, and where to go on; with `ended` nothing will come after it."""
    logs = read_log(
        context,
        dag_id=dag_id,
        run_id=run_id,
        task_id=task_id,
        map_index=map_index,
        try_number=try_number,
        token=Place(log, offset),
    )
    with context.read() as connection:
        row = require_instance(connection, dag_id, run_id, task_id, map_index)
    text, place = logs.part()
    is_over = row.try_number > try_number or row.state in ENDED or row.state == TaskState.UP_FOR_RETRY
    return {"text": text, "log": place.log, "offset": place.offset, "ended": is_over and not text}


TASK = "/dags/{dag_id}/tasks/{task_id}/of/{dag_run_id}"
PAGES = (Page(TASK, task_instance_page, "task_instance.html", query=InstanceQuery),)
FEEDS = (Feed("/dags/{dag_id}/tasks/{task_id}/log/of/{dag_run_id}", task_log, query=LogQuery),)

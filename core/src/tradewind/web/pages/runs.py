"""A run: what became of each of its tasks."""

from __future__ import annotations

from typing import Any

from tradewind.metadata.statements.browsing import runs as run_statements
from tradewind.metadata.statements.browsing.instances import InstanceFilter
from tradewind.operations.context import Context, operation
from tradewind.operations.finding import run_of
from tradewind.operations.paging import Paging
from tradewind.operations.task_instances.reading import list_instances
from tradewind.transitions.why import Why
from tradewind.web.pages.page import Page
from tradewind.web.pages.schemas import RunPageQuery

MOST_FAILURES = 5
OPEN = frozenset({"queued", "running"})


@operation("task_instances.list")
def run_page(
    context: Context, *, dag_id: str, run_id: str, limit: int, offset: int, state: str | None, task: str | None
) -> dict[str, Any]:
    """Return a run with its tasks, what failed in it first, and why it does not go on."""
    with context.read() as connection:
        run = run_of(connection, dag_id, run_id)
        states = run_statements.task_states(connection, run.id)
        has_failed = any(states.get(each) for each in run_statements.FAILED)
        failures = run_statements.failures(connection, [run.id], most=MOST_FAILURES) if has_failed else []
        is_asked = run.state in OPEN and context.may("why.get", dag_id)
        why = Why(connection, context.tools.graphs, context.tools.clock).run(run) if is_asked else ""
    page = Paging(limit, offset, "topological")
    wanted = InstanceFilter(states=[state] if state else None, task_ids=[task] if task else None)
    found = list_instances(context, page=page, wanted=wanted, dag_id=dag_id, run_id=run_id)
    return {
        "run": run,
        "dag_id": dag_id,
        "states": states,
        "failures": failures,
        "tasks": found.rows,
        "total": found.total,
        "page": page,
        "state": state,
        "task": task,
        "why": why,
    }


PAGES = (Page("/dags/{dag_id}/runs/{dag_run_id}", run_page, "run.html", query=RunPageQuery),)

"""Why something does not run."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.scheduling import (
    ReasonQuery,
    ReasonSchema,
)
from tradewind.operations import why

ROUTES = (
    Route("GET", "/dags/{dag_id}/why", why.get_why, answer=ReasonSchema, name="get_why_of_dag"),
    Route(
        "GET", "/dags/{dag_id}/dagRuns/{dag_run_id}/why", why.get_why, answer=ReasonSchema, name="get_why_of_dag_run"
    ),
    Route(
        "GET",
        "/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/why",
        why.get_why,
        query=ReasonQuery,
        answer=ReasonSchema,
        name="get_why_of_task_instance",
    ),
)

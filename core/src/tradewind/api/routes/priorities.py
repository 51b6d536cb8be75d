"""The priority of a run's tasks."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.scheduling import (
    PrioritisedSchema,
    PriorityBody,
)
from tradewind.operations import priorities

ROUTES = (
    Route(
        "PATCH",
        "/dags/{dag_id}/dagRuns/{dag_run_id}/priority",
        priorities.prioritise_run,
        body=PriorityBody,
        answer=PrioritisedSchema,
    ),
)

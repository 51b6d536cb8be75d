"""Which runs a schedule makes next."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.scheduling import (
    ComingRunsQuery,
    ComingRunsSchema,
)
from tradewind.operations import coming_runs

ROUTES = (
    Route(
        "GET", "/dags/{dag_id}/nextRuns", coming_runs.list_coming_runs, query=ComingRunsQuery, answer=ComingRunsSchema
    ),
)

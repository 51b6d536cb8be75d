"""Which runs a schedule makes next, and what unpausing a DAG would make."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.scheduling import (
    ComingRunsQuery,
    ComingRunsSchema,
    UnpausingSchema,
)
from tradewind.operations import coming_runs

ROUTES = (
    Route(
        "GET", "/dags/{dag_id}/nextRuns", coming_runs.list_coming_runs, query=ComingRunsQuery, answer=ComingRunsSchema
    ),
    Route("GET", "/dags/{dag_id}/unpausePreview", coming_runs.preview_unpausing, answer=UnpausingSchema),
)

"""Following a run."""

from __future__ import annotations

from tradewind.api import rendering
from tradewind.api.route import Route
from tradewind.api.schemas.scheduling import (
    WaitQuery,
)
from tradewind.operations import following

ROUTES = (
    Route(
        "GET",
        "/dags/{dag_id}/dagRuns/{dag_run_id}/wait",
        following.follow_run,
        query=WaitQuery,
        render=rendering.lines,
        media_type="application/x-ndjson",
        name="wait_for_dag_run",
    ),
)

"""All routes of the REST API, noun by noun."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.routes import dags, pools, runs, task_instances

ROUTES: tuple[Route, ...] = (*dags.ROUTES, *pools.ROUTES, *runs.ROUTES, *task_instances.ROUTES)

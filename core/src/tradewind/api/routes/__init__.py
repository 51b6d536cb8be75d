"""All routes of the REST API, noun by noun."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.routes import connections, pools, variables

ROUTES: tuple[Route, ...] = (
    *connections.ROUTES,
    *pools.ROUTES,
    *variables.ROUTES,
)

"""All routes of the REST API, noun by noun."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.routes import pools

ROUTES: tuple[Route, ...] = (*pools.ROUTES,)

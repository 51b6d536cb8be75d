"""Drains; Airflow has none."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.scheduling import (
    DrainBody,
    DrainCollection,
    DrainListQuery,
    DrainSchema,
    DrainsQuery,
)
from tradewind.operations import drains

ROUTES = (
    Route("GET", "/drains", drains.list_drains, query=DrainListQuery, answer=DrainCollection),
    Route("POST", "/drains", drains.add_drain, body=DrainBody, answer=DrainSchema),
    Route("DELETE", "/drains", drains.release_drains, query=DrainsQuery, answer=DrainSchema, is_many=True),
    Route("DELETE", "/drains/{drain_id}", drains.release_drain, status=204),
)

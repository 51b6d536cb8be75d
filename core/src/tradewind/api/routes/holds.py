"""Holds; Airflow has none."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.scheduling import (
    HoldBody,
    HoldCollection,
    HoldListQuery,
    HoldSchema,
)
from tradewind.operations import holds

ROUTES = (
    Route("GET", "/holds", holds.list_holds, query=HoldListQuery, answer=HoldCollection),
    Route(
        "GET",
        "/dags/{dag_id}/holds",
        holds.list_holds,
        query=HoldListQuery,
        answer=HoldCollection,
        name="list_holds_of_dag",
    ),
    Route("POST", "/dags/{dag_id}/holds", holds.add_hold, body=HoldBody, answer=HoldSchema),
    Route("DELETE", "/dags/{dag_id}/holds/{hold_id}", holds.release_hold, status=204),
)

"""Connections."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.connections import (
    ConnectionBody,
    ConnectionChange,
    ConnectionChangeQuery,
    ConnectionCollection,
    ConnectionListQuery,
    ConnectionSchema,
    ConnectionTestBody,
    ConnectionTestQuery,
    ConnectionTestSchema,
)
from tradewind.api.schemas.places import PlacesSchema
from tradewind.operations import connections

ROUTES = (
    Route(
        "GET",
        "/connections",
        connections.list_connections,
        query=ConnectionListQuery,
        answer=ConnectionCollection,
        name="get_connections",
    ),
    Route(
        "POST",
        "/connections",
        connections.create_connection,
        body=ConnectionBody,
        body_as="values",
        answer=ConnectionSchema,
        name="post_connection",
    ),
    Route(
        "POST",
        "/connections/test",
        connections.try_connection,
        body=ConnectionTestBody,
        body_as="values",
        answer=ConnectionTestSchema,
        name="test_connection",
    ),
    Route(
        "POST",
        "/connections/{connection_id}/test",
        connections.try_stored_connection,
        query=ConnectionTestQuery,
        answer=ConnectionTestSchema,
    ),
    Route("GET", "/connections/{connection_id}", connections.get_connection, answer=ConnectionSchema),
    Route("GET", "/connections/{connection_id}/explanation", connections.explain_connection, answer=PlacesSchema),
    Route(
        "PATCH",
        "/connections/{connection_id}",
        connections.change_connection,
        query=ConnectionChangeQuery,
        body=ConnectionChange,
        body_as="values",
        answer=ConnectionSchema,
        name="patch_connection",
    ),
    Route("DELETE", "/connections/{connection_id}", connections.delete_connection, status=204),
)

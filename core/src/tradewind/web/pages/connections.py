"""Connections: the list, the form of one, and where one is found."""

from __future__ import annotations

from typing import Any

from tradewind_plugins.connection import Connection

from tradewind.metadata.statements import connections
from tradewind.operations.connections import explain_connection, get_connection, list_connections
from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Paging
from tradewind.web.pages.admin_schemas import (
    ConnectionFormQuery,
    ConnectionListPageQuery,
    ConnectionPlacesQuery,
    NewConnectionQuery,
)
from tradewind.web.pages.connection_fields import form_of, types_for
from tradewind.web.pages.page import Menu, Page


@operation("connections.list")
def connection_list(
    context: Context, *, page: Paging, pattern: str | None = None, conn_type: str | None = None
) -> dict[str, Any]:
    """Return the connections of the database; of their secrets it is told only whether there are any."""
    found = list_connections(context, page=page, pattern=pattern, conn_type=conn_type)
    with context.read() as connection:
        types = connections.list_types(connection)
    return {
        "connections": found.rows,
        "total": found.total,
        "page": page,
        "types": types,
        "pattern": pattern,
        "conn_type": conn_type,
        "can_test": context.tools.config.web.test_connection,
    }


@operation("connections.create")
def connection_new(context: Context, *, conn_id: str | None = None, conn_type: str | None = None) -> dict[str, Any]:
    """Return the form of a connection that is to be made."""
    return {
        "conn_id": conn_id,
        "stored": None,
        "conn_type": conn_type or "",
        "types": types_for(conn_type),
        "form": form_of(conn_type or "", None),
        "can_test": context.tools.config.web.test_connection,
    }


@operation("connections.change")
def connection_form(context: Context, *, conn_id: str, conn_type: str | None = None) -> dict[str, Any]:
    """Return the form of a connection; what is secret of it is not in there.

    Arguments:
        conn_type: drawn as if it had this type, which somebody has chosen in the form.
    """
    # By the rule of who changes it: what is shown is what the API would answer
    stored: Connection = get_connection(context, conn_id=conn_id)
    wanted = conn_type or stored.conn_type
    return {
        "conn_id": conn_id,
        "stored": stored,
        "conn_type": wanted,
        "types": types_for(wanted),
        "form": form_of(wanted, stored),
        "can_test": context.tools.config.web.test_connection,
    }


@operation("connections.explain")
def connection_places(context: Context, *, conn_id: str | None = None) -> dict[str, Any]:
    """Return what each place says of a connection, which need not be in the database."""
    places = explain_connection(context, conn_id=conn_id)["places"] if conn_id else None
    return {"name": conn_id, "places": places, "what": "connection", "field": "connection_id"}


PAGES = (
    Page(
        "/connections",
        connection_list,
        "connections.html",
        query=ConnectionListPageQuery,
        menu=Menu("Admin", "Connections", 0),
    ),
    Page("/connections/new", connection_new, "connection.html", query=NewConnectionQuery),
    Page("/connections/places", connection_places, "places.html", query=ConnectionPlacesQuery),
    Page("/connections/edit/{connection_id}", connection_form, "connection.html", query=ConnectionFormQuery),
)

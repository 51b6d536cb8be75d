"""XComs."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.routes.task_instances import INSTANCE
from tradewind.api.schemas.xcoms import XComCollection, XComListQuery, XComQuery, XComSchema
from tradewind.operations import xcoms

ENTRIES = f"{INSTANCE}/xcomEntries"

ROUTES = (
    Route("GET", ENTRIES, xcoms.list_xcoms, query=XComListQuery, answer=XComCollection, name="get_xcom_entries"),
    Route("GET", f"{ENTRIES}/{{xcom_key}}", xcoms.get_xcom, query=XComQuery, answer=XComSchema, name="get_xcom_entry"),
)

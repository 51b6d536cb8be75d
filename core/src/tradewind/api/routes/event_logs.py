"""The audit log."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.event_logs import (
    EventLogCollection,
    EventLogListQuery,
    EventLogSchema,
)
from tradewind.operations import event_logs

ROUTES = (
    Route(
        "GET",
        "/eventLogs",
        event_logs.list_event_logs,
        query=EventLogListQuery,
        answer=EventLogCollection,
        name="get_event_logs",
    ),
    Route("GET", "/eventLogs/{event_log_id}", event_logs.get_event_log, answer=EventLogSchema),
)

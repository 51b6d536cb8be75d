"""Logs of tries."""

from __future__ import annotations

from tradewind.api import rendering
from tradewind.api.route import Route
from tradewind.api.routes.task_instances import INSTANCE
from tradewind.api.schemas.logs import LogQuery, LogSchema
from tradewind.operations.task_instances import logs

ROUTES = (
    Route(
        "GET",
        f"{INSTANCE}/logs/{{task_try_number}}",
        logs.read_log,
        query=LogQuery,
        answer=LogSchema,
        render=rendering.log,
        text=lambda body: str(body["content"]),  # for the document: what is written is not in memory as a whole
        name="get_log",
    ),
)

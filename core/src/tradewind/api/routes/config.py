"""The configuration of the server."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.config import ConfigQuery, ConfigSchema, as_text
from tradewind.operations import config

ROUTES = (
    Route(
        "GET", "/config", config.list_config, query=ConfigQuery, answer=ConfigSchema, text=as_text, name="get_config"
    ),
    Route(
        "GET",
        "/config/section/{section}/option/{option}",
        config.get_option,
        answer=ConfigSchema,
        text=as_text,
        name="get_value",
    ),
)

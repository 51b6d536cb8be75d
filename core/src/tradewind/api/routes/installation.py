"""What is installed on the server, and how it is."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.installation import (
    HealthSchema,
    PluginCollection,
    PluginListQuery,
    ProviderCollection,
    VersionSchema,
)
from tradewind.operations import health, installation

ROUTES = (
    Route("GET", "/health", health.get_health, answer=HealthSchema),
    Route("GET", "/version", installation.get_version, answer=VersionSchema),
    Route(
        "GET", "/plugins", installation.list_plugins, query=PluginListQuery, answer=PluginCollection, name="get_plugins"
    ),
    Route("GET", "/providers", installation.list_providers, answer=ProviderCollection, name="get_providers"),
)

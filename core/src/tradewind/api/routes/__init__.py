"""All routes of the REST API, noun by noun."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.routes import (
    config,
    connections,
    dag_warnings,
    datasets,
    event_logs,
    import_errors,
    installation,
    permissions,
    pools,
    roles,
    runs,
    task_instances,
    tokens,
    users,
    variables,
)

ROUTES: tuple[Route, ...] = (
    *config.ROUTES,
    *connections.ROUTES,
    *dag_warnings.ROUTES,
    *datasets.ROUTES,
    *event_logs.ROUTES,
    *import_errors.ROUTES,
    *installation.ROUTES,
    *permissions.ROUTES,
    *pools.ROUTES,
    *roles.ROUTES,
    *runs.ROUTES,
    *task_instances.ROUTES,
    *tokens.ROUTES,
    *users.ROUTES,
    *variables.ROUTES,
)

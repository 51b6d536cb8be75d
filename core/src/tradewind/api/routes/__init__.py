"""All routes of the REST API, noun by noun."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.routes import (
    config,
    connections,
    dag_warnings,
    dags,
    datasets,
    import_errors,
    installation,
    logs,
    pools,
    runs,
    task_instances,
    variables,
    xcoms,
)

ROUTES: tuple[Route, ...] = (
    *config.ROUTES,
    *connections.ROUTES,
    *dag_warnings.ROUTES,
    *dags.ROUTES,
    *datasets.ROUTES,
    *import_errors.ROUTES,
    *installation.ROUTES,
    *logs.ROUTES,
    *pools.ROUTES,
    *runs.ROUTES,
    *task_instances.ROUTES,
    *variables.ROUTES,
    *xcoms.ROUTES,
)

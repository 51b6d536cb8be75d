"""How the whole stands."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.scheduling import (
    ClusterSchema,
)
from tradewind.operations import cluster

ROUTES = (Route("GET", "/cluster", cluster.get_cluster, answer=ClusterSchema),)

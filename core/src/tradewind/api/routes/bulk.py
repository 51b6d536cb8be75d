"""Many changes at once, all or none."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.bulk import (
    ChangedSchema,
    ConnectionsBody,
    PoolsBody,
    RunsBody,
    VariablesBody,
    WrittenSchema,
)
from tradewind.operations.bulk import connections, pools, runs, variables

ROUTES = (
    Route("POST", "/variables/bulk", variables.set_variables, body=VariablesBody, answer=WrittenSchema),
    Route("POST", "/connections/bulk", connections.set_connections, body=ConnectionsBody, answer=WrittenSchema),
    Route("POST", "/pools/bulk", pools.set_pools, body=PoolsBody, answer=WrittenSchema),
    Route("POST", "/dags/{dag_id}/dagRuns/bulk", runs.change_runs, body=RunsBody, answer=ChangedSchema),
)

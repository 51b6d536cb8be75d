"""Many changes at once, all or none."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.bulk import (
    ChangedSchema,
    ConnectionsBody,
    PoolsBody,
    RolesBody,
    RunsBody,
    UsersBody,
    UsersWrittenSchema,
    VariablesBody,
    WrittenSchema,
)
from tradewind.operations.bulk import connections, pools, roles, runs, users, variables

ROUTES = (
    Route("POST", "/variables/bulk", variables.set_variables, body=VariablesBody, answer=WrittenSchema),
    Route("POST", "/connections/bulk", connections.set_connections, body=ConnectionsBody, answer=WrittenSchema),
    Route("POST", "/pools/bulk", pools.set_pools, body=PoolsBody, answer=WrittenSchema),
    Route("POST", "/users/bulk", users.set_users, body=UsersBody, answer=UsersWrittenSchema),
    Route("POST", "/roles/bulk", roles.change_roles, body=RolesBody, answer=WrittenSchema),
    Route("POST", "/dags/{dag_id}/dagRuns/bulk", runs.change_runs, body=RunsBody, answer=ChangedSchema),
)

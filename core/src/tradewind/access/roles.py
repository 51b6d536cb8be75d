"""The built-in roles, each with all that the one before it has: Public, Viewer, User, Op, Admin.

`sync_roles` gives them exactly this, as in Airflow: what somebody added to a built-in role is taken back, so that a role of
one's own is what to change. Those are never touched.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from tradewind.access.operations import CREATE, DELETE, EDIT, MENU, OF_ONE_DAG, READ, TABLE, TOKENS, Permission
from tradewind.metadata.statements import roles

ADMIN, OP, USER, VIEWER, PUBLIC = "Admin", "Op", "User", "Viewer", "Public"


def _each(action: str, *resources: str) -> frozenset[Permission]:
    return frozenset(Permission(action, resource) for resource in resources)


_VIEWER = (
    _each(
        READ,
        *(
            "DAGs",
            "DAG Code",
            "DAG Dependencies",
            "DAG Runs",
            "DAG Warnings",
            "DAG Versions",
            "Datasets",
            "ImportError",
        ),
        *(
            "Cluster Activity",
            "Jobs",
            "Plugins",
            "Pools",
            "SLA Misses",
            "Task Instances",
            "Task Logs",
            "XComs",
            "Website",
        ),
        *("My Profile", "My Password"),
    )
    | _each(EDIT, "My Profile", "My Password")
    | _each(
        MENU,
        *(
            "Browse",
            "DAGs",
            "DAG Dependencies",
            "DAG Runs",
            "Datasets",
            "Cluster Activity",
            "Docs",
            "Documentation",
            "Jobs",
        ),
        *("SLA Misses", "Task Instances"),
    )
    # One's own, and they can do no more than oneself
    | _each(READ, TOKENS)
    | _each(CREATE, TOKENS)
    | _each(DELETE, TOKENS)
)
_USER = (
    _VIEWER
    | _each(EDIT, "DAGs", "DAG Runs", "Task Instances")
    | _each(DELETE, "DAGs", "DAG Runs", "Task Instances")
    | _each(CREATE, "DAG Runs", "Task Instances", "Datasets")
)
_OP = (
    _USER
    | _each(READ, "Audit Logs", "Configurations", "Connections", "Pools", "Providers", "Variables", "XComs")
    | _each(EDIT, "Connections", "Jobs", "Pools", "Variables")
    | _each(CREATE, "Connections", "Pools", "Variables")
    | _each(DELETE, "Connections", "Datasets", "Pools", "Variables", "XComs")
    | _each(
        MENU,
        *(
            "Admin",
            "Audit Logs",
            "Configurations",
            "Connections",
            "Plugins",
            "Pools",
            "Providers",
            "Variables",
            "XComs",
        ),
    )
)
_ADMIN = (
    _OP
    | frozenset(need for operation in TABLE.values() for need in operation.needs)
    | _each(READ, "Passwords", "Permissions", "Permission Views", "Roles", "Task Reschedules", "Triggers", "Users")
    | _each(READ, "User Stats Chart", "View Menus")
    | _each(EDIT, "Passwords", "Roles", "Users")
    | _each(CREATE, "Roles", "Users")
    | _each(DELETE, "Roles", "Users")
    | _each(MENU, "List Roles", "List Users", "Permissions", "Permission Views", "Resources", "Roles", "Security")
    | _each(MENU, "Task Reschedules", "Triggers", "User Stats Chart", "Users", "View Menus")
)
BUILT_IN: dict[str, frozenset[Permission]] = {
    ADMIN: _ADMIN,
    OP: _OP,
    USER: _USER,
    VIEWER: _VIEWER,
    PUBLIC: frozenset(),
}
"""What each built-in role gives; the greatest first."""
DAG_PERMISSIONS = (
    *(("DAG:", action) for action in (READ, EDIT, DELETE)),
    *(("DAG Run:", action) for action in (READ, EDIT, CREATE, DELETE)),
)
"""What can be given on one DAG: the beginning of the resource's name, and the action."""


def ensure_roles(connection: sa.Connection) -> bool:
    """Make the built-in roles where one is missing or empty, with what they give; tell whether one was.

    One statement where none is. A DAG's file may have given something to a role before it was made here.
    """
    giving = [name for name, pairs in BUILT_IN.items() if pairs]
    filled = roles.filled_roles(connection, giving)
    missing = [name for name in giving if name not in filled]
    if missing:
        roles.add_roles(connection, BUILT_IN)
        roles.grant(connection, {name: BUILT_IN[name] for name in missing})
    return bool(missing)


def sync_roles(connection: sa.Connection) -> None:
    """Give the built-in roles exactly what they give in this release; roles of one's own are left alone."""
    ensure_roles(connection)
    for role in roles.list_roles(connection, names=list(BUILT_IN)):
        # What DAG files give is theirs to take back
        of_dags = {pair for pair in role.permissions if pair[1].startswith(tuple(OF_ONE_DAG.values()))}
        wanted = BUILT_IN[role.name] | of_dags
        if set(role.permissions) != wanted:
            roles.set_permissions(connection, role.name, wanted)


def make_dag_permissions(connection: sa.Connection, dag_ids: Iterable[str]) -> None:
    """Make the permissions on single DAGs, so that they can be given to roles."""
    pairs = {(action, f"{prefix}{dag_id}") for dag_id in dag_ids for prefix, action in DAG_PERMISSIONS}
    if pairs:
        roles.ensure_pairs(connection, pairs)

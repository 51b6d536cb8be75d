"""What DAGs say in `access_control`, written for all of them at once; the processor writes it when a version is new."""

from __future__ import annotations

import sqlalchemy as sa

from tradewind.access.roles import make_dag_permissions
from tradewind.metadata.statements import roles
from tradewind.serialization import read_head


def sync_all_dags(connection: sa.Connection) -> int:
    """Make the permissions on each DAG, and give roles what the DAGs' newest versions say; return how many DAGs there are.

    A DAG that says nothing is left as it is; so is a role that is not there.
    """
    found = roles.current_dags(connection)
    make_dag_permissions(connection, found)
    known = set(roles.role_ids(connection)) | set(roles.BUILT_IN_NAMES)
    wanted = {}
    for dag_id, serialized in found.items():
        said = read_head(serialized).access_control if roles.MARK in serialized else None
        if said is not None:
            wanted[dag_id] = {role: given for role, given in said.items() if role in known}
    if wanted:
        roles.set_of_dags(connection, wanted)
    return len(found)

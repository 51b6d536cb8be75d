"""Reading a version of a DAG; apart from `finding`, as it loads what reads serialized DAGs."""

from __future__ import annotations

from typing import cast

import sqlalchemy as sa

from tradewind.cli.shared.session import Session
from tradewind.serialization import SerializedDag
from tradewind.transitions.loading import open_graphs


def read_graph(session: Session, connection: sa.Connection, version_id: int) -> SerializedDag:
    """Return a version of a DAG as it was serialized."""
    return cast(SerializedDag, open_graphs(session.config.plugins.codec).get(connection, version_id))

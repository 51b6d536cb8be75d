"""The statement that tells whether variables and connections are still those that DAG files have read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.tables import connection as connections_table
from tradewind.metadata.tables import variable

StoredLookup = tuple[str | None, ...]
"""The columns of a row as they are stored, secrets encrypted; good for comparing, not for reading."""

_CONNECTION = ("conn_type", "host", "login", "password", "schema", "port", "extra")


def stored_lookups(
    connection: sa.Connection, *, variables: Sequence[str], connections: Sequence[str]
) -> dict[str, StoredLookup]:
    """Return the stored rows of variables and connections by ``variable:key`` and ``connection:id``, in one statement."""
    rows = connection.execute(sa.union_all(_of_variables(variables), _of_connections(connections)))
    return {f"{row[0]}:{row[1]}": tuple(row[2:]) for row in rows}


def _of_variables(keys: Sequence[str]) -> sa.Select[Any]:
    rest = [sa.null().label(name) for name in _CONNECTION[1:]]
    return sa.select(sa.literal("variable"), variable.c.key, variable.c.value, *rest).where(variable.c.key.in_(keys))


def _of_connections(ids: Sequence[str]) -> sa.Select[Any]:
    table = connections_table.c
    columns = [sa.cast(table[name], sa.Text) if name == "port" else table[name] for name in _CONNECTION]
    return sa.select(sa.literal("connection"), table.conn_id, *columns).where(table.conn_id.in_(ids))

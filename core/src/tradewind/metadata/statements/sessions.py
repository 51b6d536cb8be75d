"""Who is connected to the database's server."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from tradewind.metadata import dialects

_CONNECTED = {
    dialects.POSTGRESQL: sa.text(
        "SELECT NULL AS name, CAST(current_setting('max_connections') AS bigint) AS connections "
        "UNION ALL SELECT coalesce(nullif(application_name, ''), usename, '?'), count(*) "
        "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() GROUP BY 1 ORDER BY 1"
    ),
    # Which program a session is of stands only in the performance schema, which is off by default
    dialects.MARIADB: sa.text(
        "SELECT NULL AS name, @@max_connections AS connections "
        "UNION ALL SELECT CONCAT(USER, '@', SUBSTRING_INDEX(HOST, ':', 1)), count(*) "
        "FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID() GROUP BY 1 ORDER BY 1"
    ),
}
"""Who is connected, by name; beside them, without a name, how many connections there may be."""


@dataclass(frozen=True, slots=True)
class Connections:
    """Connections to this database but one's own: by program (on MariaDB by user and host), and how many there may be."""

    by_name: dict[str, int]
    allowed: int | None


def connections(conn: sa.Connection) -> Connections:
    """Return who is connected; nobody where there is no server."""
    dialect = conn.dialect.name
    if dialect not in _CONNECTED:
        return Connections({}, None)
    found = {row.name: int(row.connections) for row in conn.execute(_CONNECTED[dialect])}
    allowed = found.pop(None)
    return Connections({str(name): number for name, number in found.items()}, allowed)

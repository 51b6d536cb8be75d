"""How the parts of an installation are; the web server's `/health` and the REST API's give the same report."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import DBAPIError

from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import daemons as daemon_statements
from tradewind.metadata.statements import listings
from tradewind.operations.context import Context, operation

# The name in the report -> the kind of daemon
DAEMONS = {"scheduler": "scheduler", "dag_processor": "processor", "triggerer": "triggerer", "worker": "worker"}


def health_report(database: Database, *, clock: Clock) -> dict[str, Any]:
    """Return the state of each part: `healthy` while a lease of its kind is valid, `unhealthy` when all have ended or
    expired, and a null status for a kind that never ran.

    Arguments:
        clock: leases are compared with the database's own time, not with this host's.
    """
    try:
        with database.read() as connection:
            daemons = listings.latest_daemons(connection)
            live = daemon_statements.live_kinds(connection, sql_now=clock.sql_now())
    except DBAPIError:
        return {"metadatabase": {"status": "unhealthy"}}
    report: dict[str, Any] = {"metadatabase": {"status": "healthy"}}
    for name, kind in DAEMONS.items():
        newest = daemons.get(kind)
        report[name] = {
            "status": None if newest is None else "healthy" if kind in live else "unhealthy",
            f"latest_{name}_heartbeat": None if newest is None else newest.renewed_at.isoformat(),
        }
    return report


@operation("health.get")
def get_health(context: Context) -> dict[str, Any]:
    """Return the state of the metadata database and of each kind of daemon; answered also where the database is not."""
    return health_report(context.tools.database, clock=context.tools.clock)

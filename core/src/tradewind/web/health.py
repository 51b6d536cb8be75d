"""What `/health` says: the database, and when each kind of daemon was last heard of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.exc import DBAPIError

from tradewind.metadata.engine import Database
from tradewind.metadata.statements import listings

# The name in the report -> the kind of daemon
DAEMONS = {"scheduler": "scheduler", "dag_processor": "processor", "worker": "worker"}


def health_report(database: Database, *, now: datetime) -> dict[str, Any]:
    """Return the state of each part: `healthy` while a lease of its kind is valid, `unhealthy` when all have ended or
    expired, and a null status for a kind that never ran.

    Arguments:
        now: the instant to compare leases with.
    """
    try:
        with database.read() as connection:
            daemons = listings.latest_daemons(connection)
    except DBAPIError:
        return {"metadatabase": {"status": "unhealthy"}}
    report: dict[str, Any] = {"metadatabase": {"status": "healthy"}}
    for name, kind in DAEMONS.items():
        newest = daemons.get(kind)
        report[name] = {
            "status": None if newest is None else "healthy" if newest.is_live(now) else "unhealthy",
            f"latest_{name}_heartbeat": None if newest is None else newest.renewed_at.isoformat(),
        }
    return report

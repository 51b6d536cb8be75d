"""What the probes say: `/health` in Airflow's shape, `/readyz` whether this server can do its work."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import DBAPIError

from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.schema import SchemaError, require_current
from tradewind.metadata.statements import daemons as daemon_statements
from tradewind.operations.health import DAEMONS, health_report

__all__ = ["health_report", "readiness_report"]


def readiness_report(database: Database, *, clock: Clock) -> tuple[bool, dict[str, Any]]:
    """Tell whether this server can answer requests, and what it depends on.

    It is ready with a database that is reachable and has this release's schema. That schedulers and processors live is told
    beside it: pages about the past can be shown without them.
    """
    try:
        require_current(database)
        with database.read() as connection:
            live = daemon_statements.live_kinds(connection, sql_now=clock.sql_now())
    except SchemaError as error:
        return False, {"status": "not ready", "metadatabase": "reachable", "schema": str(error)}
    except DBAPIError:
        return False, {"status": "not ready", "metadatabase": "unreachable"}
    found = {name: "live" if kind in live else "none live" for name, kind in DAEMONS.items()}
    return True, {"status": "ready", "metadatabase": "reachable", "schema": "current", **found}

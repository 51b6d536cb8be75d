"""Clocks. Lease time is the database's own; in a simulation it is a bound value. Logical time is always a parameter."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Protocol

import sqlalchemy as sa

from tradewind.metadata.dialects import current_instant
from tradewind.metadata.tables import Instant


class Clock(Protocol):
    """The two times a transition needs."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC: for logical decisions and for what people read."""
        ...

    def sql_now(self) -> sa.ColumnElement[Any]:
        """Return an SQL expression for the current instant, as `Instant` compares it: for leases."""
        ...


class SystemClock:
    """The clock of production."""

    def now(self) -> datetime:
        """See `Clock.now`."""
        return datetime.now(timezone.utc)

    def sql_now(self) -> sa.ColumnElement[Any]:
        """See `Clock.sql_now`."""
        return sa.type_coerce(current_instant(), Instant())

"""Clocks. Lease time is the database's own; in a simulation it is a bound value. Logical time is always a parameter."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from tradewind.metadata.tables import Instant


class Clock(Protocol):
    """The two times a transition needs."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC: for logical decisions and for what people read."""
        ...

    def sql_now(self) -> sa.ColumnElement[Any]:
        """Return an SQL expression for the current instant, as `Instant` compares it: for leases."""
        ...


class current_instant(sa.sql.functions.FunctionElement[Any]):  # noqa: N801  (an SQL function, named as SQL names them)
    """The database's clock at this statement (not the transaction's start, which is stale after a lock wait)."""

    type = Instant()
    inherit_cache = True


@compiles(current_instant)
def _standard(element: Any, compiler: Any, **kw: Any) -> str:
    raise NotImplementedError(f"current_instant has no form for {compiler.dialect.name} yet")


@compiles(current_instant, "postgresql")
def _postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return "(extract(epoch from clock_timestamp()) * 1000000)::bigint"


@compiles(current_instant, "sqlite")
def _sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    # julianday has a resolution of about 50 microseconds, enough for leases of seconds
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"


@compiles(current_instant, "mysql")
@compiles(current_instant, "mariadb")
def _mysql(element: Any, compiler: Any, **kw: Any) -> str:
    return "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)"


class SystemClock:
    """The clock of production."""

    def now(self) -> datetime:
        """See `Clock.now`."""
        return datetime.now(timezone.utc)

    def sql_now(self) -> sa.ColumnElement[Any]:
        """See `Clock.sql_now`."""
        return current_instant()

"""Daemons and which of them live, by their leases."""

from __future__ import annotations

from tradewind.metadata.statements import daemons
from tradewind.metadata.statements.daemons import Job
from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Page, Paging


@operation("jobs.list")
def list_jobs(
    context: Context, *, page: Paging, kind: str | None = None, host: str | None = None, live_only: bool = False
) -> Page[Job]:
    """Return daemons, the last heard of first.

    Arguments:
        kind: of this kind only.
        host: on this host only.
        live_only: leave out those that ended or whose lease expired.
    """
    sql_now = context.tools.clock.sql_now()
    with context.read() as connection:
        total = daemons.count_jobs(connection, sql_now=sql_now, kind=kind, host=host, live_only=live_only)
        rows = daemons.jobs(
            connection,
            sql_now=sql_now,
            kind=kind,
            host=host,
            live_only=live_only,
            most=page.limit,
            after=page.offset,
        )
    return Page(rows, total)

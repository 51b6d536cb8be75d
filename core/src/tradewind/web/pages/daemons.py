"""Daemons with lag and leases, and the hosts and workers that drain."""

from __future__ import annotations

from typing import Any

from tradewind.operations.context import Context, operation
from tradewind.operations.drains import list_drains
from tradewind.operations.jobs import list_jobs
from tradewind.operations.paging import Paging
from tradewind.web.pages.filters import DaemonsQuery
from tradewind.web.pages.page import Menu, Page

MOST_DRAINS = 100


@operation("jobs.list")
def daemon_list(
    context: Context, *, page: Paging, kind: str | None, host: str | None, live_only: bool
) -> dict[str, Any]:
    """Return daemons, the last heard of first, so that those that live stand before those that ended."""
    found = list_jobs(context, page=page, kind=kind, host=host, live_only=live_only)
    drains = list_drains(context, page=Paging(MOST_DRAINS)) if context.may("drains.list") else None
    return {
        "daemons": found.rows,
        "total": found.total,
        "page": page,
        "live_only": live_only,
        "drains": drains,
        "drained": {each.name for each in drains.rows} if drains is not None else set(),
    }


PAGES = (Page("/daemons", daemon_list, "daemons.html", query=DaemonsQuery, menu=Menu("Browse", "Daemons", 4)),)

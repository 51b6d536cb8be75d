"""How the whole stands: what is at work, what waits and why, slots by pool and executor, connections."""

from __future__ import annotations

from typing import Any

from tradewind.metadata.statements.browsing.parts import COUNTED_MOST
from tradewind.operations.cluster import OF_LATE, look_at_cluster
from tradewind.operations.context import Context, operation
from tradewind.web.pages.page import Menu, Page

MOST_WAITING = 100
"""Reasons that are shown; each is one for all that wait for the same, but there may be one for each DAG."""

MOST_DAEMONS = 12


@operation("cluster.get")
def cluster_page(context: Context) -> dict[str, Any]:
    """Return how the whole stands."""
    found = look_at_cluster(context)
    # What keeps everything back has no count and stands first
    longest = sorted(found.waiting, key=lambda each: (each["count"] is not None, -(each["seconds"] or 0)))
    silent_first = sorted(found.daemons, key=lambda each: each["state"] == "lives")
    return {
        "cluster": found,
        "daemons": silent_first[:MOST_DAEMONS],
        "waiting": longest[:MOST_WAITING],
        "of_late": OF_LATE,
        "counted_most": COUNTED_MOST,
        "more_waiting": max(0, len(longest) - MOST_WAITING),
    }


PAGES = (Page("/cluster", cluster_page, "cluster.html", menu=Menu("Browse", "Cluster", 5)),)

"""The front page: what failed, what waits and why, what runs, and whether all daemons live."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tradewind.metadata.statements.browsing import runs
from tradewind.metadata.statements.browsing.parts import Between, Slice
from tradewind.metadata.statements.browsing.runs import RunFilter
from tradewind.operations.cluster import get_waiting
from tradewind.operations.context import Context, operation
from tradewind.web.pages.page import Menu, Page

SHOWN = 8
MOST_CAUSES = 40
RECENT = timedelta(days=1)


@operation("runs.list")
def front_page(context: Context) -> dict[str, Any]:
    """Return what an operator looks at first."""
    since = context.tools.clock.now() - RECENT
    newest = Slice(SHOWN + 1, 0, "id", True)  # one more than is shown tells that there are more
    failed = RunFilter(allowed=context.dags, states=["failed"], ended=Between(since))
    under_way = RunFilter(allowed=context.dags, states=["running", "queued"])
    with context.read() as connection:
        failures = runs.page(connection, failed, newest)
        running = runs.page(connection, under_way, newest)
        tasks = runs.failures(connection, [run.id for run in failures], most=MOST_CAUSES)
    causes: dict[int, list[Any]] = {}
    for each in tasks:
        causes.setdefault(each.run, []).append(each)
    return {
        "failed": failures[:SHOWN],
        "running": running[:SHOWN],
        "has_more": {"failed": len(failures) > SHOWN, "running": len(running) > SHOWN},
        "causes": causes,
        "cluster": get_waiting(context) if context.may("cluster.get") else None,
    }


PAGES = (Page("/", front_page, "front.html", menu=Menu("", "Home", 0)),)

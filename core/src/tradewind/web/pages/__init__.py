"""All pages, noun by noun."""

from __future__ import annotations

from tradewind.web.pages import dags, front, graphs, runs, task_instances, triggering, versions
from tradewind.web.pages.page import Feed, Page

PAGES: tuple[Page, ...] = (
    *front.PAGES,
    *dags.PAGES,
    *runs.PAGES,
    *task_instances.PAGES,
    *triggering.PAGES,
    *graphs.PAGES,
    *versions.PAGES,
)
FEEDS: tuple[Feed, ...] = (*dags.FEEDS, *task_instances.FEEDS, *graphs.FEEDS)

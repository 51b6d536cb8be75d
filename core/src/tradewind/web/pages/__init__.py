"""All pages, noun by noun."""

from __future__ import annotations

from tradewind.web.pages import dags, front, runs, task_instances, triggering
from tradewind.web.pages.page import Feed, Page

PAGES: tuple[Page, ...] = (
    *front.PAGES,
    *dags.PAGES,
    *runs.PAGES,
    *task_instances.PAGES,
    *triggering.PAGES,
)
FEEDS: tuple[Feed, ...] = (*dags.FEEDS, *task_instances.FEEDS)

"""All pages, noun by noun."""

from __future__ import annotations

from tradewind.web.pages import (
    backfills,
    cluster,
    coming,
    daemons,
    dags,
    datasets,
    front,
    instance_list,
    plots,
    problems,
    run_list,
    runs,
    task_instances,
    triggering,
)
from tradewind.web.pages.page import Feed, Page

PAGES: tuple[Page, ...] = (
    *front.PAGES,
    *dags.PAGES,
    *runs.PAGES,
    *task_instances.PAGES,
    *triggering.PAGES,
    *run_list.PAGES,
    *instance_list.PAGES,
    *datasets.PAGES,
    *backfills.PAGES,
    *daemons.PAGES,
    *cluster.PAGES,
    *problems.PAGES,
    *plots.PAGES,
    *coming.PAGES,
)
FEEDS: tuple[Feed, ...] = (*dags.FEEDS, *task_instances.FEEDS, *plots.FEEDS)

"""All pages, noun by noun."""

from __future__ import annotations

from tradewind.web.pages import (
    audit_log,
    backfills,
    cluster,
    coming,
    configuration,
    connections,
    daemons,
    dags,
    datasets,
    front,
    graphs,
    instance_list,
    plots,
    plugins,
    pools,
    problems,
    providers,
    roles,
    run_list,
    runs,
    task_instances,
    tokens,
    triggering,
    users,
    variables,
    versions,
)
from tradewind.web.pages.page import Feed, Page

PAGES: tuple[Page, ...] = (
    *front.PAGES,
    *dags.PAGES,
    *runs.PAGES,
    *task_instances.PAGES,
    *triggering.PAGES,
    *graphs.PAGES,
    *versions.PAGES,
    *plots.PAGES,
    *coming.PAGES,
    # Lists
    *run_list.PAGES,
    *instance_list.PAGES,
    *datasets.PAGES,
    *backfills.PAGES,
    *daemons.PAGES,
    *cluster.PAGES,
    *problems.PAGES,
    # Administration
    *connections.PAGES,
    *variables.PAGES,
    *pools.PAGES,
    *configuration.PAGES,
    *providers.PAGES,
    *plugins.PAGES,
    *users.PAGES,
    *roles.PAGES,
    *tokens.PAGES,
    *audit_log.PAGES,
)
FEEDS: tuple[Feed, ...] = (*dags.FEEDS, *task_instances.FEEDS, *graphs.FEEDS, *plots.FEEDS, *variables.FEEDS)

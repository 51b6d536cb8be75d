"""Datasets: who makes them and who is scheduled on them, and the events that tell of new data."""

from __future__ import annotations

from typing import Any

from tradewind.metadata.statements import asset_pages
from tradewind.operations.context import Context, operation
from tradewind.operations.datasets.reading import get_dataset, list_dataset_events, list_datasets, list_watchers
from tradewind.operations.paging import Paging
from tradewind.web.pages.filters import DatasetQuery, DatasetsQuery, newest_first
from tradewind.web.pages.page import Menu, Page

MOST_WATCHERS = 50


@operation("datasets.list")
def dataset_list(context: Context, *, page: Paging, uri_pattern: str | None) -> dict[str, Any]:
    """Return datasets by URI."""
    found = list_datasets(context, page=page, uri_pattern=uri_pattern)
    watchers = list_watchers(context, page=Paging(MOST_WATCHERS)) if context.may("datasets.watchers") else None
    return {"datasets": found.rows, "total": found.total, "page": page, "watchers": watchers}


@operation("datasets.get")
def dataset_page(context: Context, *, page: Paging, uri: str) -> dict[str, Any]:
    """Return a dataset with its events, the newest first, and the DAGs for which some wait."""
    dataset = get_dataset(context, uri=uri)
    shows_events, shows_queued = (context.may(each) for each in ("datasets.events", "datasets.queued"))
    events = list_dataset_events(context, page=newest_first(page), dataset_id=dataset.id) if shows_events else None
    with context.read() as connection:
        waiting = asset_pages.waiting(connection, uri=uri) if shows_queued else []
    return {
        "dataset": dataset,
        "events": events.rows if events is not None else [],
        "total": events.total if events is not None else 0,
        "page": page,
        "waiting": waiting,
    }


PAGES = (
    Page("/datasets", dataset_list, "datasets.html", query=DatasetsQuery, menu=Menu("Browse", "Datasets", 2)),
    # A URI has slashes, two of them side by side: it stands behind the question mark
    Page("/dataset", dataset_page, "dataset.html", query=DatasetQuery),
)

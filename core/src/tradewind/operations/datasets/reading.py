"""Datasets, which Airflow 3 calls assets: what they are, the events that tell of new data, and which of those wait."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements import asset_pages, listings, watchers
from tradewind.metadata.statements.asset_pages import AssetPageRow, EventPageRow, Matching, Waiting
from tradewind.metadata.statements.assets import ASSET
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import NotFoundError
from tradewind.operations.paging import Page, Paging


@operation("datasets.list")
def list_datasets(
    context: Context,
    *,
    page: Paging,
    uri_pattern: str | None = None,
    dag_ids: Collection[str] | None = None,
    named: str | None = None,
    kinds: Collection[str] = (ASSET,),
) -> Page[AssetPageRow]:
    """Return datasets, by URI or in another order of `asset_pages.ORDERS`.

    Arguments:
        uri_pattern: what their URI has in it; `%` and `_` stand for anything and any character.
        dag_ids: one of these DAGs makes them or is scheduled on them.
        named: their URI or name.
        kinds: `asset`, `alias` or both.
    """
    which = Matching(uri_pattern, dag_ids, named, kinds)
    with context.read() as connection:
        return Page(
            asset_pages.page(
                connection,
                which,
                limit=page.limit,
                offset=page.offset,
                order_by=page.order_by,
                is_descending=page.is_descending,
            ),
            asset_pages.count(connection, which),
        )


@operation("datasets.get")
def get_dataset(context: Context, *, uri: str) -> AssetPageRow:
    """Return a dataset.

    Raises:
        NotFoundError: there is none with that URI.
    """
    with context.read() as connection:
        return require_dataset(connection, uri)


@operation("datasets.events")
def list_dataset_events(
    context: Context,
    *,
    page: Paging,
    dataset_id: int | None = None,
    alias_id: int | None = None,
    source_dag_id: str | None = None,
    source_task_id: str | None = None,
    source_run_id: str | None = None,
    source_map_index: int | None = None,
) -> Page[EventPageRow]:
    """Return events, the oldest first or in another order of `asset_pages.EVENT_ORDERS`.

    Arguments:
        dataset_id: of this dataset only.
        alias_id: only those that tasks told of by this alias; the other arguments say which task instances told of them.
    """
    sources = {
        "asset": dataset_id,
        "alias": alias_id,
        "dag_id": source_dag_id,
        "task_id": source_task_id,
        "run_id": source_run_id,
        "map_index": source_map_index,
    }
    which = asset_pages.events_from(sources)
    with context.read() as connection:
        total = asset_pages.count_events(connection, which)
        rows = asset_pages.page_of_events(
            connection,
            which,
            limit=page.limit,
            offset=page.offset,
            order_by=page.order_by,
            is_descending=page.is_descending,
        )
    return Page(rows, total)


@operation("datasets.watchers")
def list_watchers(context: Context, *, page: Paging) -> Page[Any]:
    """Return the watchers of datasets, by DAG: their triggers, which triggerer runs each, and what is wrong with it."""
    with context.read() as connection:
        return Page(watchers.find(connection, limit=page.limit, offset=page.offset), watchers.count(connection))


@operation("datasets.queued")
def list_queued_events(context: Context, *, uri: str, before: datetime | None = None) -> Page[Waiting]:
    """Return for which DAGs events of a dataset wait for others.

    Arguments:
        before: only what came before this instant.
    Raises:
        NotFoundError: nothing waits.
    """
    with context.read() as connection:
        return _some(asset_pages.waiting(connection, uri=uri, before=before), f"of the dataset {uri!r}")


@operation("dags.queued_events")
def list_queued_events_of_dag(context: Context, *, dag_id: str, before: datetime | None = None) -> Page[Waiting]:
    """Return of which datasets events wait to make a run of a DAG.

    Arguments:
        before: only what came before this instant.
    Raises:
        NotFoundError: nothing waits.
    """
    with context.read() as connection:
        return _some(asset_pages.waiting(connection, dag_id=dag_id, before=before), f"for DAG {dag_id!r}")


@operation("dags.queued_events")
def get_queued_event_of_dag(context: Context, *, dag_id: str, uri: str, before: datetime | None = None) -> Waiting:
    """Return since when events of a dataset wait to make a run of a DAG.

    Arguments:
        before: only what came before this instant.
    Raises:
        NotFoundError: none waits.
    """
    with context.read() as connection:
        found = asset_pages.waiting(connection, dag_id=dag_id, uri=uri, before=before)
    return _some(found, f"of the dataset {uri!r} for DAG {dag_id!r}").rows[0]


@operation("runs.dataset_events")
def list_events_of_run(context: Context, *, dag_id: str, run_id: str) -> Page[EventPageRow]:
    """Return the events that made a run, the oldest first.

    Raises:
        NotFoundError: there is no such run.
    """
    with context.read() as connection:
        run = next(iter(listings.list_runs(connection, dag_id=dag_id, run_id=run_id)), None)
        if run is None:
            raise NotFoundError(f"DAG {dag_id!r} has no run {run_id!r}.", error_id="no-such-run")
        rows = asset_pages.page_of_events(connection, asset_pages.events_of_run(run.id))
    return Page(rows, len(rows))


def _some(rows: list[Waiting], what: str) -> Page[Waiting]:
    if not rows:
        raise NotFoundError(f"No event {what} waits.")
    return Page(rows, len(rows))


def require_dataset(connection: sa.Connection, uri: str) -> AssetPageRow:
    """Return the dataset with a URI.

    Raises:
        NotFoundError: there is none.
    """
    found = asset_pages.get(connection, uri)
    if found is None:
        raise NotFoundError(f"There is no dataset {uri!r}.", error_id="no-such-asset")
    return found

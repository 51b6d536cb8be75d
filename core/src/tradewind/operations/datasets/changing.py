"""Changing what waits of datasets: telling of new data, and forgetting events."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements import asset_pages
from tradewind.metadata.statements.asset_pages import EventPageRow
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.datasets.reading import require_dataset
from tradewind.operations.errors import NotFoundError
from tradewind.transitions.assets import Source, tell
from tradewind.transitions.values import AssetNews

CLI = "cli"


@operation("datasets.create_event")
def create_dataset_event(context: Context, *, uri: str, extra: Mapping[str, Any] | None = None) -> EventPageRow:
    """Tell of new data in a dataset: DAGs that are scheduled on it take it as a task's success.

    Arguments:
        extra: what to say of the data; where it came by the REST API, that is added to it.
    Raises:
        NotFoundError: there is no dataset with that URI.
    """
    said = {**(extra or {}), **({} if context.actor.via == CLI else {"from_rest_api": True})}
    news = AssetNews(json.dumps({"asset": uri}), json.dumps(said))

    def work(connection: sa.Connection, entry: Entry) -> EventPageRow:
        require_dataset(connection, uri)
        (key, number), *_ = tell(connection, [(news, Source())], now=context.tools.clock.now(), ids=context.ids)
        entry.after = {"uri": uri, "extra": said, "dags": number}
        told = asset_pages.page_of_events(connection, asset_pages.events_from({"id": key}))[0]
        return replace(told, waits_for=number)

    return context.change(work)


@operation("datasets.drop_queued")
def delete_queued_events(context: Context, *, uri: str, before: datetime | None = None) -> None:
    """Have the events of a dataset wait no more.

    Arguments:
        before: only what came before this instant.
    Raises:
        NotFoundError: nothing waits.
    """
    context.change(_forgetting(f"of the dataset {uri!r}", uri=uri, before=before))


@operation("dags.drop_queued_events")
def delete_queued_events_of_dag(
    context: Context, *, dag_id: str, uri: str | None = None, before: datetime | None = None
) -> None:
    """Have events that a DAG waits with wait no more.

    Arguments:
        uri: those of this dataset only.
        before: only what came before this instant.
    Raises:
        NotFoundError: nothing waits.
    """
    what = f"for DAG {dag_id!r}" if uri is None else f"of the dataset {uri!r} for DAG {dag_id!r}"
    context.change(_forgetting(what, dag_id=dag_id, uri=uri, before=before))


def _forgetting(what: str, **which: Any) -> Callable[[sa.Connection, Entry], None]:
    def work(connection: sa.Connection, entry: Entry) -> None:
        number = asset_pages.forget_waiting(connection, **which)
        if number == 0:
            raise NotFoundError(f"No event {what} waits.")
        entry.before = {"uri": which.get("uri"), "events": number}

    return work

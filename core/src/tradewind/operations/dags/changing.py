"""Pausing DAGs, and unpausing them."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from tradewind.metadata.statements.browsing import dags
from tradewind.metadata.statements.browsing.dags import DagFilter
from tradewind.operations.context import Context, Entry, operation
from tradewind.operations.dags.reading import DagView, page_of, view_of
from tradewind.operations.finding import require_dag
from tradewind.operations.paging import Page, Paging


@operation("dags.change")
def change_dag(context: Context, *, dag_id: str, is_paused: bool | None = None) -> DagView:
    """Pause or unpause a DAG; None leaves it as it is.

    Raises:
        NotFoundError: there is no such DAG.
    """

    def work(connection: sa.Connection, entry: Entry) -> DagView:
        row = require_dag(connection, dag_id)
        wanted = row.is_paused if is_paused is None else is_paused
        entry.before, entry.after = {"is_paused": row.is_paused}, {"is_paused": wanted}
        dags.set_paused(connection, _only(dag_id), is_paused=wanted)
        return view_of(context, connection, dag_id)

    return context.change(work)


@operation("dags.change_all")
def change_dags(context: Context, *, page: Paging, wanted: DagFilter, is_paused: bool | None = None) -> Page[DagView]:
    """Pause or unpause all DAGs that are meant, of those that one may change, and return a part of them."""
    allowed = replace(wanted, allowed=context.dags)

    def work(connection: sa.Connection, entry: Entry) -> Page[DagView]:
        if is_paused is not None:
            entry.before = {"is_paused": not is_paused}
            entry.after = {"is_paused": is_paused, "dags": dags.set_paused(connection, allowed, is_paused=is_paused)}
        return page_of(context, connection, allowed, page)

    return context.change(work)


def _only(dag_id: str) -> DagFilter:
    return DagFilter(frozenset({dag_id}), only_active=False)

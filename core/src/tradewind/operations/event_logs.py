"""The audit log: who did what, and when. Who may see some DAGs only sees what was done with these."""

from __future__ import annotations

from typing import Any

from tradewind.metadata.statements import audit
from tradewind.metadata.statements.audit import Event
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import NotFoundError
from tradewind.operations.paging import Page, Paging

ORDERS = {each: each for each in audit.ORDERS} | {
    "event_log_id": "id",
    "when": "at",
    "dttm": "at",
    "execution_date": "logical_date",
}
"""What lists can be ordered by, with Airflow's words for it: the column of each."""


@operation("event_logs.list")
def list_event_logs(context: Context, *, page: Paging, dag_id: str | None = None, filters: Any = None) -> Page[Event]:
    """Return entries, the oldest first or in another of `ORDERS`.

    Arguments:
        dag_id: about this DAG only.
        filters: further keyword arguments of `audit.list_events`.
    """
    with context.read() as connection:
        rows, total = audit.list_events(
            connection,
            dags=context.dags,
            dag_id=dag_id,
            **(filters or {}),
            order_by=ORDERS[page.order_by or "at"],
            is_descending=page.is_descending,
            limit=page.limit,
            offset=page.offset,
        )
    return Page(rows, total)


@operation("event_logs.get")
def get_event_log(context: Context, *, id: int) -> Event:  # noqa: A002 - the name of the argument
    """Return one entry.

    Raises:
        NotFoundError: there is none of that number that the caller may see.
    """
    with context.read() as connection:
        found = audit.get_event(connection, id)
    if found is None or (context.dags is not None and found.dag_id not in context.dags):
        raise NotFoundError(f"There is no entry {id} of the audit log.")
    return found

"""Statements about the audit log: who did what, and when."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.access_tables import audit_event

ORDERS = ("id", "at", "event", "owner", "dag_id", "task_id", "run_id", "logical_date")
"""Columns that events can be listed by."""
_event = audit_event.c


@dataclass(frozen=True, slots=True)
class Event:
    """One entry; `extra` is the text of a JSON object."""

    id: int
    at: datetime
    event: str
    owner: str | None
    dag_id: str | None
    run_id: str | None
    task_id: str | None
    map_index: int | None
    try_number: int | None
    logical_date: datetime | None
    extra: str | None


def add_event(connection: sa.Connection, **values: Any) -> None:
    """Insert an entry; the keywords are the columns of `audit_event`."""
    connection.execute(sa.insert(audit_event).values(**values))


def get_event(connection: sa.Connection, event_id: int) -> Event | None:
    """Return one entry."""
    row = connection.execute(sa.select(audit_event).where(_event.id == event_id)).one_or_none()
    return None if row is None else Event(**row._asdict())


def list_events(
    connection: sa.Connection,
    *,
    dags: Collection[str] | None = None,
    dag_id: str | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
    map_index: int | None = None,
    try_number: int | None = None,
    event: str | None = None,
    owner: str | None = None,
    before: datetime | None = None,
    after: datetime | None = None,
    included: Collection[str] | None = None,
    excluded: Collection[str] = (),
    order_by: str = "id",
    is_descending: bool = False,
    limit: int | None = 100,
    offset: int = 0,
) -> tuple[list[Event], int]:
    """Return entries and how many there are in all, in two statements.

    Arguments:
        dags: of these DAGs only, and none without a DAG; None for all.
        dag_id, run_id, task_id, map_index, try_number, event, owner: exactly these.
        before, after: the moments between which they are.
        included, excluded: names of events.
        order_by: one of `ORDERS`.
    """
    exact = {
        "dag_id": dag_id,
        "run_id": run_id,
        "task_id": task_id,
        "map_index": map_index,
        "try_number": try_number,
        "event": event,
        "owner": owner,
    }
    conditions = [_event[name] == value for name, value in exact.items() if value is not None]
    if dags is not None:
        conditions.append(_event.dag_id.in_(sorted(dags)))
    if before is not None:
        conditions.append(_event.at < before)
    if after is not None:
        conditions.append(_event.at > after)
    if included is not None:
        conditions.append(_event.event.in_(sorted(included)))
    if excluded:
        conditions.append(_event.event.not_in(sorted(excluded)))
    total = connection.execute(sa.select(sa.func.count()).select_from(audit_event).where(*conditions)).scalar_one()
    column = _event[order_by]
    query = sa.select(audit_event).where(*conditions).order_by(column.desc() if is_descending else column, _event.id)
    return [Event(**row._asdict()) for row in connection.execute(query.limit(limit).offset(offset))], int(total)

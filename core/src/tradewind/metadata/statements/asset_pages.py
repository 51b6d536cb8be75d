"""Statements on assets for people who page through them: the assets, their events, and what waits. Reads, and forgetting."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements.assets import ASSET, asset_key, of_run
from tradewind.metadata.tables import asset, asset_event, asset_queue, asset_reference, asset_run, dag, dag_run

ORDERS = {"uri": asset.c.uri, "id": asset.c.id, "name": asset.c.name}
"""What assets can be ordered by."""
_ASSETS_AT_ONCE = 1000
EVENT_ORDERS = {
    "timestamp": asset_event.c.at,
    "source_dag_id": asset_event.c.dag_id,
    "source_task_id": asset_event.c.task_id,
    "source_run_id": asset_event.c.run_id,
    "source_map_index": asset_event.c.map_index,
}
"""What events can be ordered by."""
_LAST_EVENT = sa.select(sa.func.max(asset_event.c["at"], type_=asset_event.c["at"].type)).where(
    sa.or_(asset_event.c.asset == asset.c.id, asset_event.c.alias == asset.c.id)
)
_ROWS = sa.select(asset, _LAST_EVENT.correlate(asset).scalar_subquery().label("last_event_at"))
_RUN = (
    "dag_id",
    "run_id",
    "logical_date",
    "data_interval_start",
    "data_interval_end",
    "started_at",
    "ended_at",
    "state",
)


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a DAG names an asset: `task_id` is None for a schedule."""

    dag_id: str
    task_id: str | None


@dataclass(frozen=True, slots=True)
class AssetPageRow:
    """An asset or alias with the DAGs that are scheduled on it, the tasks that make it, and those that read it."""

    id: int
    kind: str
    uri: str
    name: str
    group: str
    extra: dict[str, Any]
    last_event_at: datetime | None
    consumers: tuple[Reference, ...] = ()
    producers: tuple[Reference, ...] = ()
    readers: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class MadeRun:
    """A run that an event made."""

    dag_id: str
    run_id: str
    logical_date: datetime | None
    data_interval_start: datetime | None
    data_interval_end: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class EventPageRow:
    """An event with the runs that it made.

    Arguments:
        waits_for: of one that was just told: for how many DAGs it waits.
    """

    id: int
    asset: int
    uri: str
    name: str
    extra: dict[str, Any]
    at: datetime
    dag_id: str | None
    task_id: str | None
    run_id: str | None
    map_index: int | None
    runs: tuple[MadeRun, ...] = ()
    waits_for: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """That events of an asset wait to make a run of a DAG; `at` is when the first of them came."""

    dag_id: str
    uri: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Matching:
    """Which assets are asked for.

    Arguments:
        pattern: what their URI has in it; `%` and `_` stand for anything and any character.
        dag_ids: one of these DAGs makes them or is scheduled on them; None for all.
        named: their URI or name; None for any.
        kinds: assets, aliases or both.
    """

    pattern: str | None = None
    dag_ids: Collection[str] | None = None
    named: str | None = None
    kinds: Collection[str] = (ASSET,)

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return what `WHERE` asks for."""
        found: list[sa.ColumnElement[bool]] = [asset.c.kind.in_(sorted(self.kinds))]
        if self.named is not None:
            found.append(sa.or_(asset.c.uri == self.named, asset.c.name == self.named))
        if self.pattern is not None:
            found.append(asset.c.uri.ilike(f"%{self.pattern}%"))
        if self.dag_ids is not None:
            named = sa.select(asset_reference.c.asset).where(asset_reference.c.dag_id.in_(sorted(self.dag_ids)))
            found.append(asset.c.id.in_(named))
        return found


def count(conn: sa.Connection, which: Matching) -> int:
    """Return how many assets match."""
    return int(conn.execute(sa.select(sa.func.count()).select_from(asset).where(*which.conditions())).scalar_one())


def page(
    conn: sa.Connection,
    which: Matching,
    *,
    limit: int,
    offset: int = 0,
    order_by: str | None = None,
    is_descending: bool = False,
) -> list[AssetPageRow]:
    """Return some assets that match, in two statements, and one more for each further 1,000.

    Arguments:
        order_by: one of `ORDERS`; by default the URI.
    """
    column = ORDERS[order_by or "uri"]
    order = (column.desc() if is_descending else column, asset.c.id)
    return _assets(conn, _ROWS.where(*which.conditions()).order_by(*order).limit(limit).offset(offset))


def get(conn: sa.Connection, uri: str) -> AssetPageRow | None:
    """Return the asset with a URI, or None."""
    found = _assets(conn, _ROWS.where(asset.c.id == asset_key(ASSET, uri)))
    return found[0] if found else None


def events_of_run(run: int) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for events that made a run."""
    return [of_run(run)]


def events_from(sources: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for events with these columns; a value of None counts for nothing."""
    return [asset_event.c[name] == value for name, value in sources.items() if value is not None]


def count_events(conn: sa.Connection, which: Sequence[sa.ColumnElement[bool]]) -> int:
    """Return how many events meet the conditions."""
    return int(conn.execute(sa.select(sa.func.count()).select_from(asset_event).where(*which)).scalar_one())


def page_of_events(
    conn: sa.Connection,
    which: Sequence[sa.ColumnElement[bool]],
    *,
    limit: int | None = None,
    offset: int = 0,
    order_by: str | None = None,
    is_descending: bool = False,
) -> list[EventPageRow]:
    """Return some events that meet the conditions, in two statements.

    Arguments:
        order_by: one of `EVENT_ORDERS`; by default when they came.
    """
    column = EVENT_ORDERS[order_by or "timestamp"]
    event = asset_event.c
    query = (
        sa.select(
            event.id, event.asset, asset.c.uri, asset.c.name, event.extra, event["at"], event.dag_id, event.task_id
        )
        .add_columns(event.run_id, event.map_index)
        .join_from(asset_event, asset, asset.c.id == event.asset)
        .where(*which)
        .order_by(*((column.desc(), event.id.desc()) if is_descending else (column, event.id)))
        .limit(limit)
        .offset(offset)
    )
    rows = conn.execute(query).all()
    runs = _runs_of(conn, [row.id for row in rows])
    return [
        EventPageRow(
            row.id,
            row.asset,
            row.uri,
            row.name,
            json.loads(row.extra),
            row.at,
            row.dag_id,
            row.task_id,
            row.run_id,
            row.map_index,
            tuple(runs.get(row.id, ())),
        )
        for row in rows
    ]


def waiting(
    conn: sa.Connection, *, dag_id: str | None = None, uri: str | None = None, before: datetime | None = None
) -> list[Waiting]:
    """Return what waits: for a DAG, of an asset, or both.

    Arguments:
        before: only what came before this instant.
    """
    first = sa.func.min(asset_event.c["at"], type_=asset_event.c["at"].type).label("first")
    query = (
        sa.select(asset_queue.c.dag_id, asset.c.uri, first)
        .join_from(asset_queue, asset_event, asset_event.c.id == asset_queue.c.event)
        .join(asset, asset.c.id == asset_queue.c.asset)
        .where(*_waiting(dag_id, uri, before))
        .group_by(asset_queue.c.dag_id, asset.c.uri)
        .order_by(asset_queue.c.dag_id, asset.c.uri)
    )
    return [Waiting(*row) for row in conn.execute(query)]


def forget_waiting(
    conn: sa.Connection, *, dag_id: str | None = None, uri: str | None = None, before: datetime | None = None
) -> int:
    """Have events wait no more, and return for how many that was so; see `waiting`."""
    return conn.execute(sa.delete(asset_queue).where(*_waiting(dag_id, uri, before))).rowcount


def _waiting(dag_id: str | None, uri: str | None, before: datetime | None) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if dag_id is not None:
        found.append(asset_queue.c.dag_id == dag_id)
    if uri is not None:
        found.append(asset_queue.c.asset == asset_key(ASSET, uri))
    if before is not None:
        earlier = sa.select(asset_event.c.id).where(asset_event.c["at"] < before)
        found.append(asset_queue.c.event.in_(earlier))
    return found


def _assets(conn: sa.Connection, query: sa.Select[Any]) -> list[AssetPageRow]:
    rows = conn.execute(query).all()
    found: dict[tuple[int, str], list[Reference]] = {}
    for start in range(0, len(rows), _ASSETS_AT_ONCE):
        for each in conn.execute(_naming([row.id for row in rows[start : start + _ASSETS_AT_ONCE]])):
            found.setdefault((each.asset, each.role), []).append(Reference(each.dag_id, each.task_id or None))
    return [
        AssetPageRow(
            row.id,
            row.kind,
            row.uri,
            row.name,
            row.asset_group,
            json.loads(row.extra),
            row.last_event_at,
            tuple(found.get((row.id, "schedule"), ())),
            tuple(found.get((row.id, "outlet"), ())),
            tuple(found.get((row.id, "inlet"), ())),
        )
        for row in rows
    ]


def _naming(keys: Sequence[int]) -> sa.Select[Any]:
    reference = asset_reference.c
    return (
        sa.select(reference.asset, reference.role, reference.dag_id, reference.task_id)
        .join_from(asset_reference, dag, dag.c.dag_id == reference.dag_id)
        .where(reference.asset.in_(keys), dag.c.is_active.is_(True))
        .order_by(reference.dag_id, reference.task_id)
    )


def _runs_of(conn: sa.Connection, events: Sequence[int]) -> dict[int, list[MadeRun]]:
    query = (
        sa.select(asset_run.c.event, *(dag_run.c[name] for name in _RUN))
        .join_from(asset_run, dag_run, dag_run.c.id == asset_run.c.run)
        .where(asset_run.c.event.in_(events))
        .order_by(asset_run.c.event, dag_run.c.dag_id)
    )
    found: dict[int, list[MadeRun]] = {}
    for event, *values in conn.execute(query):
        found.setdefault(event, []).append(MadeRun(*values))
    return found

"""Statements on assets: where DAGs name them, the events that tell of new data, and which wait to make a run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from tradewind_plugins.assets import Asset

from tradewind.metadata.dialects import insert_or_change, insert_or_keep
from tradewind.metadata.hot import HotRows
from tradewind.metadata.tables import (
    asset,
    asset_alias_member,
    asset_event,
    asset_queue,
    asset_reference,
    asset_run,
    dag,
    dag_run,
)

ASSET: Final = "asset"
ALIAS: Final = "alias"
SCHEDULE: Final = "schedule"
_event = asset_event.c
_queue = asset_queue.c
_reference = asset_reference.c
_member = asset_alias_member.c
_DESCRIBED = ("name", "asset_group", "extra")
_EVENT_ROWS = HotRows(asset_event)
_QUEUE_ROWS = HotRows(asset_queue)
_RUN_ROWS = HotRows(asset_run)

_LISTENING = (_reference.role == SCHEDULE, dag.c.is_active.is_(True), dag.c.is_paused.is_(False))
_BY_ASSET = (
    sa.select(_reference.dag_id, _reference.asset.label("asset"))
    .join_from(asset_reference, dag, dag.c.dag_id == _reference.dag_id)
    .where(_reference.asset.in_(sa.bindparam("assets", expanding=True)), *_LISTENING)
)
_BY_ALIAS = (
    sa.select(_reference.dag_id, _member.asset.label("asset"))
    .join_from(asset_alias_member, asset_reference, _reference.asset == _member.alias)
    .join(dag, dag.c.dag_id == _reference.dag_id)
    .where(_member.asset.in_(sa.bindparam("assets", expanding=True)), *_LISTENING)
)
_consumers = sa.union(_BY_ASSET, _BY_ALIAS).subquery("consumers")
_CONSUMERS = sa.select(_consumers.c.dag_id, _consumers.c.asset).order_by(_consumers.c.dag_id, _consumers.c.asset)
_QUEUED = (
    sa.select(
        _queue.event,
        _queue.asset,
        asset.c.uri,
        _event.at,
        dag_run.c.data_interval_start,
        dag_run.c.data_interval_end,
    )
    .join_from(asset_queue, asset_event, _event.id == _queue.event)
    .join(asset, asset.c.id == _queue.asset)
    .outerjoin(dag_run, dag_run.c.id == _event.run)
    .where(_queue.dag_id == sa.bindparam("of_dag"))
    .order_by(_event.at, _event.id)
    .limit(sa.bindparam("most"))
)
_ALIASES = (
    sa.select(asset.c.uri, _member.asset)
    .join_from(asset_alias_member, asset, asset.c.id == _member.alias)
    .where(_member.asset.in_(sa.bindparam("assets", expanding=True)))
    .order_by(asset.c.uri, _member.asset)
)
_SOURCE_RUN = ("run_type", "logical_date", "data_interval_start", "data_interval_end", "started_at")
_EVENTS = (
    sa.select(
        _event.id,
        asset.c.uri,
        asset.c.name,
        asset.c.asset_group,
        asset.c.extra.label("asset_extra"),
        _event.at,
        _event.extra,
        _event.dag_id,
        _event.run_id,
        _event.task_id,
        _event.map_index,
        dag_run.c.id.label("run"),
        *(dag_run.c[name] for name in _SOURCE_RUN),
    )
    .join_from(asset_event, asset, asset.c.id == _event.asset)
    .outerjoin(dag_run, dag_run.c.id == _event.run)
    .order_by(_event.at, _event.id)
)


@dataclass(frozen=True, slots=True)
class Queued:
    """An event that waits to make a run of a DAG; `start` and `end` are the data interval of the run it is from."""

    event: int
    asset: int
    uri: str
    at: datetime
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event, with its asset and the run that it is from (None where no task told of it, or that run was deleted)."""

    id: int
    asset: Asset
    at: datetime
    extra: str
    dag_id: str | None
    run_id: str | None
    task_id: str | None
    map_index: int | None
    source: dict[str, Any] | None


def asset_key(kind: str, name: str) -> int:
    """Return the key of an asset (by its URI) or alias (by its name): 63 bits of a hash, so that nobody need ask for it."""
    return int.from_bytes(hashlib.sha256(f"{kind}:{name}".encode()).digest()[:8], "big") >> 1


def key_of_spec(spec: Mapping[str, Any]) -> int:
    """Return the key of what `to_spec` of an asset or alias describes."""
    return asset_key(ASSET, spec["asset"]) if "asset" in spec else asset_key(ALIAS, spec["alias"])


def _row(spec: Mapping[str, Any]) -> dict[str, Any]:
    uri = spec.get("asset") or spec["alias"]
    return {
        "id": key_of_spec(spec),
        "kind": ASSET if "asset" in spec else ALIAS,
        "uri": uri,
        "name": spec.get("name", uri),
        "asset_group": spec.get("group", "asset"),
        "extra": json.dumps(spec.get("extra", {})),
    }


def put(conn: sa.Connection, specs: Iterable[Mapping[str, Any]]) -> None:
    """Insert assets and aliases that are not there yet; one that says more than its URI is described by that from now on."""
    rows = {key_of_spec(spec): (_row(spec), len(spec) > 1) for spec in sorted(specs, key=len)}
    dialect = conn.dialect.name
    for is_described, insert in (
        (False, insert_or_keep(dialect, asset)),
        (True, insert_or_change(dialect, asset, ("id",), _DESCRIBED)),
    ):
        wanted = [rows[key][0] for key in sorted(rows) if rows[key][1] is is_described]
        if wanted:
            conn.execute(insert, wanted)


def add_members(conn: sa.Connection, members: Iterable[tuple[int, int]]) -> None:
    """Note which assets aliases stand for, as pairs of their keys."""
    rows = [{"alias": alias, "asset": key} for alias, key in sorted(set(members))]
    if rows:
        conn.execute(insert_or_keep(conn.dialect.name, asset_alias_member), rows)


def add_events(conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert events."""
    _EVENT_ROWS.run(conn, rows)


def consumers(conn: sa.Connection, assets: Iterable[int]) -> list[tuple[str, int]]:
    """Return which active DAGs that are not paused are scheduled on which of these assets, aliases looked through."""
    return [(row[0], row[1]) for row in conn.execute(_CONSUMERS, {"assets": sorted(set(assets))})]


def queue(conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Have events wait to make runs: rows of `dag_id`, `event` and `asset`."""
    _QUEUE_ROWS.run(conn, [{**row, "is_new": True} for row in rows])


def queued(conn: sa.Connection, dag_id: str, *, most: int) -> list[Queued]:
    """Return the events that wait for a DAG, the oldest first."""
    return [Queued(*row) for row in conn.execute(_QUEUED, {"of_dag": dag_id, "most": most})]


def aliases_of(conn: sa.Connection, assets: Iterable[int]) -> dict[int, set[str]]:
    """Return for each of these assets the names of the aliases that stand for it."""
    found: dict[int, set[str]] = {}
    for name, key in conn.execute(_ALIASES, {"assets": sorted(set(assets))}):
        found.setdefault(key, set()).add(name)
    return found


def mark_seen(conn: sa.Connection, dag_id: str, events: Sequence[int]) -> None:
    """Note that these events do not make a run yet."""
    of_them = sa.and_(_queue.dag_id == dag_id, _queue.event.in_(events), _queue.is_new.is_(True))
    conn.execute(asset_queue.update().where(of_them).values(is_new=False))


def consume(conn: sa.Connection, dag_id: str, events: Sequence[int], *, run: int | None) -> None:
    """Have events wait no more, and note which run they made; None for none."""
    conn.execute(asset_queue.delete().where(_queue.dag_id == dag_id, _queue.event.in_(events)))
    if run is not None:
        _RUN_ROWS.run(conn, [{"run": run, "event": event} for event in events])


def refer(conn: sa.Connection, dag_ids: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Put new references of DAGs in the place of their old ones; what waits for them is looked at again.

    Arguments:
        rows: `asset`, `role`, `dag_id` and `task_id` of each.
    """
    conn.execute(asset_reference.delete().where(_reference.dag_id.in_(dag_ids)))
    if rows:
        conn.execute(asset_reference.insert(), list(rows))
    conn.execute(asset_queue.update().where(_queue.dag_id.in_(dag_ids), _queue.is_new.is_(False)).values(is_new=True))


# --- For people and for tasks -----------------------------------------------------------------------------------------


def of_run(run: int) -> sa.ColumnElement[bool]:
    """Return the condition for events that made a run."""
    return _event.id.in_(sa.select(asset_run.c.event).where(asset_run.c.run == run))


def of_asset(kind: str, name: str) -> sa.ColumnElement[bool]:
    """Return the condition for events of an asset, or that tasks told of by an alias."""
    column = _event.asset if kind == ASSET else _event.alias
    return column == asset_key(kind, name)


def count_events(conn: sa.Connection, which: sa.ColumnElement[bool]) -> int:
    """Return how many events meet a condition."""
    found: int = conn.execute(sa.select(sa.func.count()).select_from(asset_event).where(which)).scalar_one()
    return found


def events(
    conn: sa.Connection, which: sa.ColumnElement[bool] | None, *, most: int, after: int = 0, newest_first: bool = False
) -> list[EventRow]:
    """Return events that meet a condition (None: all), the oldest first unless told otherwise, `after` of them left out."""
    query = _EVENTS if which is None else _EVENTS.where(which)
    if newest_first:
        query = query.order_by(None).order_by(_event.at.desc(), _event.id.desc())
    found = []
    for row in conn.execute(query.limit(most).offset(after)):
        told = Asset(row.name, row.uri, group=row.asset_group, extra=json.loads(row.asset_extra))
        source = None if row.run is None else {name: getattr(row, name) for name in _SOURCE_RUN}
        found.append(
            EventRow(row.id, told, row.at, row.extra, row.dag_id, row.run_id, row.task_id, row.map_index, source)
        )
    return found

"""Assets: events that successes tell of, and the runs that they make.

An event and its places in the queues of the DAGs that are scheduled on its asset are written in the transaction of the
success. A scheduler makes a run of what waits for a DAG under the lock of that DAG's row, and takes it out of the queue in
the same transaction: each event makes at most one run of a DAG.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from tradewind_plugins.assets import Asset, AssetAlias, BaseAsset

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import assets, schedules
from tradewind.metadata.statements.assets import Queued
from tradewind.metadata.statements.instances import Owner
from tradewind.transitions.graph import Graph, Graphs
from tradewind.transitions.recording import Recorded
from tradewind.transitions.runs import create_run
from tradewind.transitions.states import TaskState
from tradewind.transitions.values import AssetNews

ASSET_TRIGGERED = "asset_triggered"
DATASET_TRIGGERED = "dataset_triggered"
"""Airflow's word for the same."""
MOST_EVENTS = 10_000
"""How many events make one run; what waits beyond them makes the next."""


class _Timetable(Protocol):
    @property
    def asset_condition(self) -> BaseAsset | None: ...


class AssetGraph(Graph, Protocol):
    """A version of a DAG that may be scheduled on assets."""

    @property
    def timetable(self) -> _Timetable: ...


@dataclass(frozen=True, slots=True)
class Source:
    """Which try of which run told of new data; None everywhere for somebody at the command line."""

    dag_id: str | None = None
    run_id: str | None = None
    run: int | None = None
    task_id: str | None = None
    map_index: int | None = None


def tries_told(
    conn: sa.Connection, ended: Iterable[Recorded], owners: Mapping[int, Owner], *, now: datetime, ids: Ids
) -> bool:
    """Write the events that successful tries tell of; return whether there were any, so that schedulers are woken."""
    told = [
        (news, _source(each, owners[each.row.id]))
        for each in ended
        if each.state == TaskState.SUCCESS
        for news in each.outcome.events
    ]
    if told:
        tell(conn, told, now=now, ids=ids)
    return bool(told)


def _source(ended: Recorded, owner: Owner) -> Source:
    return Source(owner.dag_id, owner.run_id, owner.run, owner.task_id, ended.row.map_index)


def tell(
    conn: sa.Connection, told: Sequence[tuple[AssetNews, Source]], *, now: datetime, ids: Ids
) -> list[tuple[int, int]]:
    """Write events and let them wait for the DAGs that are scheduled on their assets; wake schedulers after the commit.

    Returns:
        the key of each event, and how many DAGs it waits for.
    """
    specs = [json.loads(news.asset) for news, _ in told]
    aliases = [{"alias": news.alias} for news, _ in told if news.alias is not None]
    assets.put(conn, [{"asset": spec["asset"]} for spec in specs] + aliases)
    rows: list[dict[str, Any]] = [
        {
            "id": key,
            "asset": assets.key_of_spec(spec),
            "alias": None if news.alias is None else assets.asset_key(assets.ALIAS, news.alias),
            "at": now,
            "extra": news.extra,
            "dag_id": source.dag_id,
            "run_id": source.run_id,
            "run": source.run,
            "task_id": source.task_id,
            "map_index": source.map_index,
        }
        for key, spec, (news, source) in zip(ids.block(len(told)), specs, told, strict=True)
    ]
    assets.add_members(conn, [(row["alias"], row["asset"]) for row in rows if row["alias"] is not None])
    assets.add_events(conn, rows)
    listening: dict[int, list[str]] = {}
    for dag_id, key in assets.consumers(conn, [row["asset"] for row in rows]):
        listening.setdefault(key, []).append(dag_id)
    waiting = [
        {"dag_id": dag_id, "event": row["id"], "asset": row["asset"]}
        for row in rows
        for dag_id in listening.get(row["asset"], ())
    ]
    assets.queue(conn, waiting)
    return [(row["id"], len(listening.get(row["asset"], ()))) for row in rows]


def make_run(
    conn: sa.Connection, dag_id: str, *, graphs: Graphs, clock: Clock, ids: Ids, executor: str, queue: str
) -> int | None:
    """Make the run of a DAG that waiting events ask for; None when they do not yet, or another scheduler is at the DAG."""
    version_id = schedules.lock_asset_dag(conn, dag_id)
    if version_id is None:
        return None
    graph: Any = graphs.get(conn, version_id)
    news = _news(conn, dag_id, graph.timetable.asset_condition)
    waiting, events = news.waiting, [each.event for each in news.waiting]
    if not news.is_met:
        assets.mark_seen(conn, dag_id, events)
        return None
    last = waiting[-1]
    run = create_run(
        conn,
        version_id=version_id,
        graph=graph,
        run_id=_free_name(conn, dag_id, last),
        run_type=ASSET_TRIGGERED,
        logical_date=last.at,
        data_interval_start=min(each.start or each.at for each in waiting),
        data_interval_end=max(each.end or each.at for each in waiting),
        conf={},
        triggered_by="asset",
        clock=clock,
        ids=ids,
        executor=executor,
        queue=queue,
    )
    assets.consume(conn, dag_id, events, run=run)
    return run


@dataclass(frozen=True, slots=True)
class _News:
    """What waits for a DAG, the oldest first, and whether that meets its condition."""

    waiting: Sequence[Queued]
    is_met: bool


def _news(conn: sa.Connection, dag_id: str, condition: BaseAsset | None) -> _News:
    """Return what waits for a DAG; events of assets that its schedule does not name (any more) wait no longer."""
    leaves = set() if condition is None else set(condition.leaves())
    waiting = assets.queued(conn, dag_id, most=MOST_EVENTS)
    told: dict[int, set[BaseAsset]] = {each.asset: {Asset(uri=each.uri)} for each in waiting}
    if any(isinstance(leaf, AssetAlias) for leaf in leaves):
        for key, names in assets.aliases_of(conn, told).items():
            told[key].update(AssetAlias(name) for name in names)
    stale = [each.event for each in waiting if not told[each.asset] & leaves]
    if stale:
        assets.consume(conn, dag_id, stale, run=None)
    waiting = [each for each in waiting if told[each.asset] & leaves]
    is_met = bool(waiting) and condition is not None and condition.is_met(set().union(*told.values()))
    return _News(waiting, is_met)


def _free_name(conn: sa.Connection, dag_id: str, last: Queued) -> str:
    name = f"{ASSET_TRIGGERED}__{last.at.isoformat()}"
    # Two runs may be made of events of one instant
    return f"{name}__{last.event}" if schedules.has_run(conn, dag_id, name) else name

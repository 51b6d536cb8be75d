"""Mutants of what events of assets bring about: seeds with news of assets show them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from simulation.mutation import Patches, mutant, swap
from tradewind.metadata.statements import assets, schedules
from tradewind.metadata.tables import asset_queue, dag


@mutant
def asset_event_kept(_: Any) -> Patches:
    """An event that has made a run goes on waiting."""
    consume = assets.consume

    def keeping(conn: sa.Connection, dag_id: str, events: Any, *, run: int | None) -> None:
        kept = conn.execute(sa.select(asset_queue).where(asset_queue.c.dag_id == dag_id)).mappings().all()
        consume(conn, dag_id, events, run=run)
        conn.execute(asset_queue.delete().where(asset_queue.c.dag_id == dag_id))
        conn.execute(asset_queue.insert(), [dict(row) for row in kept])

    return [swap(assets, "consume", keeping)]


@mutant
def asset_event_forgotten(_: Any) -> Patches:
    """An event that does not make a run yet waits no longer."""

    def forget(conn: sa.Connection, dag_id: str, events: Any) -> None:
        assets.consume(conn, dag_id, events, run=None)

    return [swap(assets, "mark_seen", forget)]


@mutant
def asset_event_seen_before(_: Any) -> Patches:
    """Nobody looks at an event that is new."""

    def queue(conn: sa.Connection, rows: Any) -> None:
        if rows:
            conn.execute(asset_queue.insert(), [{**row, "is_new": False} for row in rows])

    return [swap(assets, "queue", queue)]


@mutant
def asset_dag_not_locked(_: Any) -> Patches:
    """Two schedulers may make a run of one DAG from what waits for it at the same time."""

    def look(conn: sa.Connection, dag_id: str) -> int | None:
        waits = sa.exists(sa.select(asset_queue.c.event).where(asset_queue.c.dag_id == dag.c.dag_id))
        query = sa.select(dag.c.version_id).where(dag.c.dag_id == dag_id, dag.c.is_paused.is_(False), waits)
        found: int | None = conn.execute(query).scalar_one_or_none()
        return found

    return [swap(schedules, "lock_asset_dag", look)]

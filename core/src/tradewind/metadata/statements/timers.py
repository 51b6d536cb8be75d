"""Statements on instances that become due: retries and reschedules."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from tradewind.metadata.tables import task_instance

_ti = task_instance.c
_DUE = (
    sa.select(_ti.id)
    .where(
        _ti.due_at <= sa.bindparam("now", type_=_ti.due_at.type),
        _ti.state.in_(["up_for_retry", "up_for_reschedule"]),
    )
    .order_by(_ti.run, _ti.rank, _ti.map_index)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)


def lock_due(conn: sa.Connection, *, now: datetime, most: int) -> list[int]:
    """Lock instances whose retry or reschedule is due, passing over those that another scheduler holds."""
    return list(conn.execute(_DUE, {"now": now, "most": most}).scalars())

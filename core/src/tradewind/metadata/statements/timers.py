"""Statements on instances that become due: retries, reschedules, and what was deferred for too long."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from tradewind.metadata.tables import task_instance

_ti = task_instance.c
_DUE = (
    sa.select(_ti.id, _ti.state, _ti.executor)
    .where(
        _ti.due_at <= sa.bindparam("now", type_=_ti.due_at.type),
        _ti.state.in_(["up_for_retry", "up_for_reschedule", "deferred"]),
    )
    .order_by(_ti.run, _ti.rank, _ti.map_index)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)


def lock_due(conn: sa.Connection, *, now: datetime, most: int) -> list[tuple[int, str, str]]:
    """Lock instances whose retry, reschedule or end of waiting is due, passing over those that another scheduler holds.

    Returns their keys, states and executors.
    """
    return [(row[0], row[1], row[2]) for row in conn.execute(_DUE, {"now": now, "most": most})]

"""Statements on what becomes due: retries and reschedules, and the earliest moment anything does."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from tradewind.metadata.tables import dag, task_instance

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
_NEXT = sa.union_all(
    sa.select(sa.func.min(_ti.due_at).label("due_at")).where(_ti.due_at.is_not(None)),
    sa.select(sa.func.min(dag.c.due_at)).where(
        dag.c.due_at.is_not(None),
        dag.c.is_paused.is_(False),
        dag.c.is_active.is_(True),
        dag.c.quarantine.is_(None),
    ),
)


def lock_due(conn: sa.Connection, *, now: datetime, most: int) -> list[int]:
    """Lock instances whose retry or reschedule is due, passing over those that another scheduler holds."""
    return list(conn.execute(_DUE, {"now": now, "most": most}).scalars())


def next_due(conn: sa.Connection) -> datetime | None:
    """Return the earliest moment at which an instance or a DAG becomes due, None when nothing does."""
    return min((moment for moment in conn.execute(_NEXT).scalars() if moment is not None), default=None)

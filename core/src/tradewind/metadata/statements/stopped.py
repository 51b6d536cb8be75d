"""Statements on tries that were ended from outside: their processes may be at work until their worker has heard of it."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from tradewind.metadata.statements.instances import LockedInstance
from tradewind.metadata.tables import daemon, stopped_try, task_instance

_stopped = stopped_try.c
_ENDING = (
    sa.select(_stopped.instance)
    .join_from(task_instance, stopped_try, _stopped.instance == task_instance.c.id)
    .join(daemon, daemon.c.id == _stopped.worker)
    .where(task_instance.c.run == sa.bindparam("of_run"), daemon.c.ended_at.is_(None))
)
_FORGET = stopped_try.delete().where(
    sa.tuple_(_stopped.instance, _stopped.token).in_(sa.bindparam("tries", expanding=True))
)


def add(conn: sa.Connection, rows: Iterable[LockedInstance]) -> None:
    """Note running instances whose tries end here, before their tokens are raised."""
    values = [{"instance": row.id, "token": row.token, "worker": row.worker} for row in rows if row.worker is not None]
    if values:
        conn.execute(stopped_try.insert(), values)


def forget(conn: sa.Connection, keys: Iterable[tuple[int, int]]) -> None:
    """Forget (instance, token) `keys`: their worker has told that their process is gone."""
    wanted = sorted(keys)
    if wanted:
        conn.execute(_FORGET, {"tries": wanted})


def ending(conn: sa.Connection, run: int) -> frozenset[int]:
    """Return the instances of a run of which a stopped try's process may be at work: its worker has not ended, nor told."""
    return frozenset(conn.execute(_ENDING, {"of_run": run}).scalars())

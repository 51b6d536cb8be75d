"""Statements on daemons and their leases, and on the pulse by which schedulers show that the database is reachable."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.tables import Instant, daemon, pulse, task_instance

_d = daemon.c
_ti = task_instance.c
MICROSECOND = timedelta(microseconds=1)


def later(instant: sa.ColumnElement[Any], by: timedelta) -> sa.ColumnElement[Any]:
    """Return the SQL expression of an instant moved by `by`, which may be negative."""
    return instant.op("+", return_type=Instant())(sa.literal(by // MICROSECOND, sa.BigInteger()))


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon that has not ended."""

    id: str
    kind: str
    renewed_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class HeldTry:
    """A running try of a worker."""

    instance: int
    token: int
    started_at: datetime | None


def add(
    conn: sa.Connection,
    *,
    daemon_id: str,
    kind: str,
    host: str,
    pid: int,
    executor: str | None,
    queues: Iterable[str] | None,
    slots: int | None,
    lease: timedelta,
    sql_now: sa.ColumnElement[Any],
) -> None:
    """Insert a daemon with its first lease."""
    values = {
        "id": daemon_id,
        "kind": kind,
        "host": host,
        "pid": pid,
        "executor": executor,
        "queues": None if queues is None else json.dumps(sorted(queues)),
        "slots": slots,
        "started_at": sql_now,
        "renewed_at": sql_now,
        "expires_at": later(sql_now, lease),
    }
    conn.execute(daemon.insert().values(values))


def renew(conn: sa.Connection, daemon_id: str, *, lease: timedelta, sql_now: sa.ColumnElement[Any]) -> bool:
    """Renew a lease with one statement; False when the daemon was declared ended."""
    values = {"renewed_at": sql_now, "expires_at": later(sql_now, lease)}
    done = conn.execute(daemon.update().where(_d.id == daemon_id, _d.ended_at.is_(None)).values(values))
    return done.rowcount == 1


def lock(conn: sa.Connection, daemon_id: str) -> bool:
    """Lock a daemon's row if it has not ended, and tell whether that is so."""
    row = conn.execute(sa.select(_d.id).where(_d.id == daemon_id, _d.ended_at.is_(None)).with_for_update()).first()
    return row is not None


def end(conn: sa.Connection, daemon_id: str, *, cause: str, sql_now: sa.ColumnElement[Any]) -> bool:
    """Mark a daemon as ended; False when it was already."""
    done = conn.execute(
        daemon.update().where(_d.id == daemon_id, _d.ended_at.is_(None)).values(ended_at=sql_now, end_cause=cause)
    )
    return done.rowcount == 1


def expired(conn: sa.Connection, *, sql_now: sa.ColumnElement[Any]) -> list[Daemon]:
    """Return the daemons that have not ended and whose lease has expired."""
    found = conn.execute(
        sa.select(_d.id, _d.kind, _d.renewed_at, _d.expires_at)
        .where(_d.ended_at.is_(None), _d.expires_at <= sql_now)
        .order_by(_d.id)
    )
    return [Daemon(*row) for row in found]


def silent(conn: sa.Connection, *, before: sa.ColumnElement[Any]) -> list[str]:
    """Return the ids of workers not ended that last renewed before an instant."""
    return list(
        conn.execute(
            sa.select(_d.id).where(_d.ended_at.is_(None), _d.kind == "worker", _d.renewed_at <= before).order_by(_d.id)
        ).scalars()
    )


def orphaned(conn: sa.Connection) -> list[str]:
    """Return workers that ended, or are unknown, while tries are still recorded as running on them."""
    found = conn.execute(
        sa.select(_ti.worker)
        .join_from(task_instance, daemon, _d.id == _ti.worker, isouter=True)
        .where(_ti.state == "running", sa.or_(_d.id.is_(None), _d.ended_at.is_not(None)))
        .distinct()
        .order_by(_ti.worker)
    )
    return [worker for worker in found.scalars() if worker is not None]


def held(conn: sa.Connection, worker: str) -> list[HeldTry]:
    """Return the tries that a worker runs."""
    found = conn.execute(
        sa.select(_ti.id, _ti.token, _ti.started_at)
        .where(_ti.worker == worker, _ti.state == "running")
        .order_by(_ti.run, _ti.rank, _ti.map_index)
    )
    return [HeldTry(*row) for row in found]


def live_slots(conn: sa.Connection, *, sql_now: sa.ColumnElement[Any]) -> dict[str, int]:
    """Return the slots that live workers announce, by executor."""
    found = conn.execute(
        sa.select(_d.executor, sa.func.sum(_d.slots))
        .where(_d.kind == "worker", _d.ended_at.is_(None), _d.expires_at > sql_now)
        .group_by(_d.executor)
    )
    return {row[0]: int(row[1] or 0) for row in found}


def beat(conn: sa.Connection, *, gap: timedelta, sql_now: sa.ColumnElement[Any]) -> None:
    """Write the pulse: `since` starts anew when the last beat is longer ago than `gap`, for then nobody could renew."""
    since = sa.case((pulse.c.beat_at < later(sql_now, -gap), sql_now), else_=pulse.c.since)
    done = conn.execute(pulse.update().where(pulse.c.id == 1).values(since=since, beat_at=sql_now))
    if done.rowcount == 0:
        conn.execute(pulse.insert().values(id=1, since=sql_now, beat_at=sql_now))


def is_steady(conn: sa.Connection, *, before: sa.ColumnElement[Any]) -> bool:
    """Tell whether the database has been reachable without a break since an instant."""
    found = conn.execute(sa.select(pulse.c.id).where(pulse.c.id == 1, pulse.c.since <= before)).first()
    return found is not None

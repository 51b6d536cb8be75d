"""Statements on daemons and their leases, and on the pulse by which schedulers show that the database is reachable."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements.states import equal
from tradewind.metadata.tables import Instant, daemon, pulse, task_instance

_d = daemon.c
_ti = task_instance.c
MICROSECOND = timedelta(microseconds=1)


def later(instant: sa.ColumnElement[Any], by: timedelta) -> sa.ColumnElement[Any]:
    """Return the SQL expression of an instant moved by `by`, which may be negative."""
    return instant.op("+", return_type=Instant())(sa.literal(by // MICROSECOND, sa.BigInteger()))


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


def has_ended(conn: sa.Connection, daemon_id: str) -> bool | None:
    """Tell whether a daemon was declared ended; None where there is none of this id."""
    row = conn.execute(sa.select(_d.ended_at).where(_d.id == daemon_id)).first()
    return None if row is None else row.ended_at is not None


def end(conn: sa.Connection, daemon_id: str, *, cause: str, sql_now: sa.ColumnElement[Any]) -> bool:
    """Mark a daemon as ended; False when it was already."""
    done = conn.execute(
        daemon.update().where(_d.id == daemon_id, _d.ended_at.is_(None)).values(ended_at=sql_now, end_cause=cause)
    )
    return done.rowcount == 1


def gone(
    conn: sa.Connection, *, now: sa.ColumnElement[Any], lease: timedelta, grace: timedelta
) -> list[tuple[str, str]]:
    """Return (id, why) of the daemons that count as gone, with one statement.

    Why is `expired` for one without running code whose lease expired, `isolated` for a worker silent for the whole grace,
    both only when the database was reachable for one full lease; and `orphaned` for a worker that ended, or is unknown,
    while tries are still recorded as running on it.
    """
    return [(row[0], row[1]) for row in conn.execute(_gone(now=now, lease=lease, grace=grace))]


def is_anybody_gone(*, now: sa.ColumnElement[Any], lease: timedelta, grace: timedelta) -> sa.ColumnElement[bool]:
    """Return the condition that `gone` would find somebody, to be asked beside something else."""
    return sa.exists(_gone(now=now, lease=lease, grace=grace).subquery().select())


def _gone(*, now: sa.ColumnElement[Any], lease: timedelta, grace: timedelta) -> sa.CompoundSelect[Any]:
    is_steady = sa.exists(sa.select(pulse.c.id).where(pulse.c.id == 1, pulse.c.since <= later(now, -lease)))
    why = sa.literal_column
    expired = sa.select(_d.id, why("'expired'").label("why")).where(
        _d.ended_at.is_(None), _d.kind != "worker", _d.expires_at <= now, is_steady
    )
    isolated = sa.select(_d.id, why("'isolated'")).where(
        _d.ended_at.is_(None), _d.kind == "worker", _d.renewed_at <= later(now, -grace), is_steady
    )
    orphaned = (
        sa.select(_ti.worker, why("'orphaned'"))
        .join_from(task_instance, daemon, _d.id == _ti.worker, isouter=True)
        .where(equal(_ti.state, "running"), sa.or_(_d.id.is_(None), _d.ended_at.is_not(None)), _ti.worker.is_not(None))
        .distinct()
    )
    return sa.union_all(expired, isolated, orphaned)


def held(conn: sa.Connection, worker: str) -> list[HeldTry]:
    """Return the tries that a worker runs."""
    found = conn.execute(
        sa.select(_ti.id, _ti.token, _ti.started_at)
        .where(_ti.worker == worker, equal(_ti.state, "running"))
        .order_by(_ti.run, _ti.rank, _ti.map_index)
    )
    return [HeldTry(*row) for row in found]


def beat(conn: sa.Connection, *, gap: timedelta, sql_now: sa.ColumnElement[Any]) -> None:
    """Write the pulse: `since` starts anew when the last beat is longer ago than `gap`, for then nobody could renew."""
    since = sa.case((pulse.c.beat_at < later(sql_now, -gap), sql_now), else_=pulse.c.since)
    done = conn.execute(pulse.update().where(pulse.c.id == 1).values(since=since, beat_at=sql_now))
    if done.rowcount == 0:
        conn.execute(pulse.insert().values(id=1, since=sql_now, beat_at=sql_now))


@dataclass(frozen=True, slots=True)
class Job:
    """A daemon as `tradewind jobs` shows it.

    Arguments:
        lag: how long ago it renewed its lease, by the database's clock.
        is_live: whether it has not ended and its lease is valid, by the same clock.
    """

    id: str
    kind: str
    host: str
    pid: int
    started_at: datetime
    renewed_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    end_cause: str | None
    lag: timedelta
    is_live: bool

    @property
    def state(self) -> str:
        """Whether it lives, has ended, or was not heard of for longer than its lease (`expired`)."""
        return "lives" if self.is_live else "expired" if self.ended_at is None else "ended"

    @property
    def lag_seconds(self) -> float | None:
        """How long ago it renewed its lease, in seconds; None of one that has ended."""
        return None if self.ended_at else round(self.lag.total_seconds(), 1)


def count_jobs(
    conn: sa.Connection,
    *,
    sql_now: sa.ColumnElement[Any],
    kind: str | None = None,
    host: str | None = None,
    live_only: bool = False,
) -> int:
    """Return how many daemons there are; see `jobs`."""
    which = _among_jobs(sql_now, kind, host, live_only=live_only)
    return int(conn.execute(sa.select(sa.func.count()).select_from(daemon).where(*which)).scalar_one())


def _among_jobs(
    sql_now: sa.ColumnElement[Any], kind: str | None, host: str | None, *, live_only: bool
) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if kind is not None:
        found.append(_d.kind == kind)
    if host is not None:
        found.append(_d.host == host)
    if live_only:
        found += [_d.ended_at.is_(None), _d.expires_at > sql_now]
    return found


def jobs(
    conn: sa.Connection,
    *,
    sql_now: sa.ColumnElement[Any],
    kind: str | None = None,
    host: str | None = None,
    live_only: bool = False,
    most: int | None = None,
    after: int = 0,
) -> list[Job]:
    """Return daemons, the last renewed first.

    Arguments:
        sql_now: the clock that leases are judged by.
        kind, host: of these only.
        live_only: leave out those that ended or whose lease expired.
        most: how many at most.
        after: how many are left out before.
    """
    columns = (_d.id, _d.kind, _d.host, _d.pid, _d.started_at, _d.renewed_at, _d.expires_at, _d.ended_at, _d.end_cause)
    query = sa.select(*columns, sql_now.label("now")).order_by(_d.renewed_at.desc(), _d.id)
    query = query.where(*_among_jobs(sql_now, kind, host, live_only=live_only))
    rows = conn.execute(query.limit(most).offset(after) if most else query)
    return [
        Job(
            *row[:9],
            lag=max(row.now - row.renewed_at, timedelta()),
            is_live=row.ended_at is None and row.expires_at > row.now,
        )
        for row in rows
    ]


def live_kinds(conn: sa.Connection, *, sql_now: sa.ColumnElement[Any]) -> frozenset[str]:
    """Return the kinds of daemons of which at least one lives."""
    query = sa.select(_d.kind).where(_d.ended_at.is_(None), _d.expires_at > sql_now).distinct()
    return frozenset(conn.execute(query).scalars())

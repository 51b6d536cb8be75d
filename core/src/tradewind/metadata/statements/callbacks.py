"""Statements on callbacks that are owed: written with the change of state, claimed by workers, deleted once called."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.tables import callback, daemon, dag_run, task_instance

_cb = callback.c
_run = dag_run.c
_ti = task_instance.c
_before = callback.alias("before")
_now = sa.bindparam("now", type_=_cb.due_at.type)

# A task's callbacks are called in the order of its changes, and a run's after those of its tasks: whichever comes first
# is waited for until it was tried once, as one that fails for an hour must not hold up the others.
_WAITS_FOR_ANOTHER = sa.exists(
    sa.select(_before.c.id).where(
        _before.c.run == _cb.run,
        _before.c.id < _cb.id,
        _before.c.due_at.is_not(None),
        _before.c.error.is_(None),
        sa.or_(
            _cb.task_id.is_(None),
            sa.and_(_before.c.task_id == _cb.task_id, _before.c.map_index == _cb.map_index),
        ),
    )
)
IS_DUE = sa.exists(sa.select(_cb.id).where(_cb.due_at <= _now))
"""Whether there may be something to claim, for a statement that is made anyway and binds `now`."""

_LOCK_DUE = (
    sa.select(_cb.id)
    .where(_cb.due_at <= _now, ~_WAITS_FOR_ANOTHER)
    .order_by(_cb.due_at, _cb.id)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    callback.update()
    .where(_cb.id.in_(sa.bindparam("ids", expanding=True)))
    .values(
        worker=sa.bindparam("by"),
        due_at=sa.bindparam("until", type_=_cb.due_at.type),
        attempts=_cb.attempts + 1,
        token=_cb.token + 1,
    )
)
_READ = (
    sa.select(
        callback,
        _run.dag_id,
        _run.run_id,
        _run.version_id,
        _run.ended_at.label("run_ended_at"),
        daemon.c.host,
    )
    .join_from(callback, dag_run, _run.id == _cb.run)
    .outerjoin(daemon, daemon.c.id == _cb.ran_on)
    .order_by(_cb.id)
)
_IS_MINE = (_cb.id == sa.bindparam("key"), _cb.token == sa.bindparam("of_token"))
_FINISH = callback.delete().where(*_IS_MINE)
_PUT_OFF = (
    callback.update()
    .where(*_IS_MINE)
    .values(
        worker=None,
        done=sa.bindparam("called"),
        error=sa.bindparam("said"),
        due_at=sa.bindparam("later", type_=_cb.due_at.type),
    )
)
_LAST_ENDED = (
    sa.select(_ti.id.label("instance"), _ti.task_id, _ti.map_index, _ti.try_number, _ti.max_tries, _ti.token, _ti.state)
    .add_columns(_ti.started_at, _ti.ended_at)
    .where(_ti.run == sa.bindparam("of_run"), _ti.state != "removed")
    .order_by(
        sa.case((_ti.state == sa.bindparam("first"), 0), else_=1),
        _ti.ended_at.desc(),
        _ti.rank.desc(),
        _ti.map_index.desc(),
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class OwedCallback:
    """A callback that is to be called, as its row says it.

    `names` are what is to be called, `done` the places in it that were; `host` is where the try ran; `error` is why the
    last attempt failed, and `due_at` None once it was given up.
    """

    id: int
    run: int
    dag_id: str
    run_id: str
    version_id: int
    kind: str
    task_id: str | None
    map_index: int | None
    try_number: int | None
    state: str
    happened_at: datetime
    names: tuple[str, ...]
    details: Mapping[str, Any]
    done: tuple[int, ...]
    attempts: int
    token: int
    due_at: datetime | None
    worker: str | None
    error: str | None
    host: str | None
    run_ended_at: datetime | None


def add(conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert callbacks, in their order; the columns are the keys of each."""
    if rows:
        conn.execute(callback.insert(), [dict(row) for row in rows])


def claimed_by(conn: sa.Connection, worker: str, keys: Collection[int]) -> Sequence[Any]:
    """Return (id, token, run, task_id, ...) of those of these callbacks that a worker has claimed, and their runs' names."""
    query = (
        sa.select(_cb.id, _cb.token, _cb.run, _cb.task_id, _cb.map_index, _cb.try_number, _cb.details)
        .add_columns(_run.dag_id, _run.run_id)
        .join_from(callback, dag_run, _run.id == _cb.run)
        .where(_cb.id.in_(keys), _cb.worker == worker)
    )
    return conn.execute(query).all()


def claim(conn: sa.Connection, worker: str, *, now: datetime, until: datetime, most: int) -> list[OwedCallback]:
    """Claim callbacks that are due for a worker, passing over those that others are claiming.

    Arguments:
        until: when they are due again, should nothing be heard of them.
    """
    keys = list(conn.execute(_LOCK_DUE, {"now": now, "most": most}).scalars())
    if not keys:
        return []
    conn.execute(_CLAIM, {"ids": sorted(keys), "by": worker, "until": until})
    return _read(conn, _cb.id.in_(keys))


@dataclass(frozen=True, slots=True)
class Among:
    """Which callbacks are meant.

    Arguments:
        dag_id: of this DAG only.
        is_given_up: only those that nobody tries any more.
        dags: of these DAGs only; None for all.
        keys: only these; None for all.
    """

    dag_id: str | None = None
    is_given_up: bool = False
    dags: Collection[str] | None = None
    keys: Collection[int] | None = None

    @property
    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """What a callback and its run must be."""
        found: list[sa.ColumnElement[bool]] = []
        if self.dag_id is not None:
            found.append(_run.dag_id == self.dag_id)
        if self.is_given_up:
            found.append(_cb.due_at.is_(None))
        if self.dags is not None:
            found.append(_run.dag_id.in_(sorted(self.dags)))
        if self.keys is not None:
            found.append(_cb.id.in_(sorted(self.keys)))
        return found


def count(conn: sa.Connection, which: Among) -> int:
    """Return how many callbacks are owed."""
    joined = callback.join(dag_run, _run.id == _cb.run)
    return int(conn.execute(sa.select(sa.func.count()).select_from(joined).where(*which.conditions)).scalar_one())


def find(conn: sa.Connection, which: Among, *, limit: int | None = None, offset: int = 0) -> list[OwedCallback]:
    """Return callbacks that are owed, the oldest first."""
    return _read(conn, *which.conditions, limit=limit, offset=offset)


def _read(
    conn: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int | None = None, offset: int = 0
) -> list[OwedCallback]:
    found = []
    for row in conn.execute(_READ.where(*conditions).limit(limit).offset(offset)):
        values = {each.name: getattr(row, each.name) for each in fields(OwedCallback)}
        for name in ("names", "done"):
            values[name] = tuple(json.loads(values[name]))
        values["details"] = json.loads(values["details"])
        found.append(OwedCallback(**values))
    return found


def last_ended(conn: sa.Connection, run: int, *, first: str) -> Any | None:
    """Return the instance of a run that ended last, one in the state `first` if there is one; None if it has none."""
    return conn.execute(_LAST_ENDED, {"of_run": run, "first": first}).one_or_none()


def finish(conn: sa.Connection, key: int, token: int) -> bool:
    """Delete a callback that was called; False when somebody else has claimed it since."""
    return conn.execute(_FINISH, {"key": key, "of_token": token}).rowcount == 1


def put_off(
    conn: sa.Connection, key: int, token: int, *, done: Collection[int], error: str, until: datetime | None
) -> bool:
    """Keep a callback of which something failed until it is due again, or with None for ever; False as in `finish`."""
    values = {"key": key, "of_token": token, "called": json.dumps(sorted(done)), "said": error, "later": until}
    return conn.execute(_PUT_OFF, values).rowcount == 1


def release(conn: sa.Connection, worker: str, *, now: datetime) -> int:
    """Make due what a worker was calling that has ended; return how many that are."""
    held = callback.update().where(_cb.worker == worker).values(worker=None, due_at=now)
    return conn.execute(held).rowcount


def retry(conn: sa.Connection, keys: Collection[int], *, now: datetime) -> int:
    """Have callbacks that were given up tried again; return how many of them were."""
    chosen = (_cb.id.in_(sorted(keys)), _cb.due_at.is_(None))
    return conn.execute(callback.update().where(*chosen).values(due_at=now, attempts=0)).rowcount


def discard(conn: sa.Connection, keys: Collection[int]) -> int:
    """Delete callbacks that were given up; return how many."""
    return conn.execute(callback.delete().where(_cb.id.in_(sorted(keys)), _cb.due_at.is_(None))).rowcount

"""Statements on task instances: finding, locking and moving them.

Locks are taken by `SELECT … ORDER BY run, rank, map_index … FOR UPDATE` and rows are then updated by key, as an `UPDATE`
alone promises no order. A lock covers the instance and its counters: after a wait PostgreSQL reads locked rows anew,
while rows that were only joined would still show what they were when the statement began.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.hot import Hot, HotPair, HotRows, any_of, hot
from tradewind.metadata.tables import dag_run, instance_label, instance_note, task_counter, task_instance, task_try

_ti = task_instance.c
_run = dag_run.c
_counter = task_counter.c


@dataclass(frozen=True, slots=True)
class Owner:
    """Which task of which run an instance belongs to; none of it ever changes."""

    instance: int
    task_id: str
    map_index: int
    run: int
    run_id: str
    dag_id: str
    version_id: int


@dataclass(frozen=True, slots=True)
class LockedInstance:
    """A task instance and its counters, both locked by the transaction that holds this value."""

    id: int
    run: int
    task_id: str
    map_index: int
    rank: int
    state: str
    try_number: int
    max_tries: int
    token: int
    priority: int
    pool: str
    pool_slots: int
    executor: str
    queue: str
    worker: str | None
    started_at: datetime | None
    waits: int
    success: int
    failed: int
    upstream_failed: int
    skipped: int
    removed: int


# In a subquery, so that the lock is on the runs alone, on MariaDB too.
_asked = sa.select(_ti.id, _ti.task_id, _ti.map_index, _ti.run).where(any_of(_ti.id, "ids")).subquery("asked")
_SHARE_RUNS = Hot(
    sa.select(
        _asked.c.id,
        _asked.c.task_id,
        _asked.c.map_index,
        _run.id.label("run"),
        _run.run_id,
        _run.dag_id,
        _run.version_id,
    )
    .join_from(_asked, dag_run, _run.id == _asked.c.run)
    .order_by(_run.id)
    # FOR KEY SHARE lets the closing of a run, which changes no key, pass the other ends of that run.
    .with_for_update(read=True, key_share=True, of=dag_run)
)

_LOCKED_COLUMNS = (
    _ti.id,
    _ti.run,
    _ti.task_id,
    _ti.map_index,
    _ti.rank,
    _ti.state,
    _ti.try_number,
    _ti.max_tries,
    _ti.token,
    _ti.priority,
    _ti.pool,
    _ti.pool_slots,
    _ti.executor,
    _ti.queue,
    _ti.worker,
    _ti.started_at,
    _counter.waits,
    _counter.success,
    _counter.failed,
    _counter.upstream_failed,
    _counter.skipped,
    _counter.removed,
)
_LOOK = (
    sa.select(*_LOCKED_COLUMNS)
    .join_from(task_instance, task_counter, _counter.instance == _ti.id)
    .order_by(_ti.run, _ti.rank, _ti.map_index)
)
_LOCK = _LOOK.with_for_update()
_LOOK_RUN = _LOOK.where(_ti.run == sa.bindparam("of_run"))
_LOCK_IDS = _LOCK.where(any_of(_ti.id, "ids"))
_LOCK_AFTER = _LOCK.where(
    _ti.run == sa.bindparam("of_run"),
    any_of(_ti.task_id, "tasks"),
    sa.or_(
        _ti.rank > sa.bindparam("after_rank"),
        sa.and_(_ti.rank == sa.bindparam("after_rank"), _ti.map_index > sa.bindparam("after_index")),
    ),
).limit(sa.bindparam("most"))
_LOCK_RUN = _LOCK.where(_ti.run == sa.bindparam("of_run"))

_RECORD = HotRows(task_instance, "id")
_ADD_TRIES = HotRows(task_try)
_RECORD_ENDS = HotPair(_RECORD, _ADD_TRIES)
_ADD = HotRows(task_instance)
_ADD_COUNTERS = HotRows(task_counter)
_SETTLE = Hot(
    task_instance.update()
    .where(any_of(_ti.id, "ids"))
    .values(state=sa.bindparam("new_state"), ended_at=sa.bindparam("ended"), scheduled_at=sa.bindparam("ready"))
)
_ADMIT = Hot(
    task_instance.update()
    .where(any_of(_ti.id, "ids"))
    .values(
        state="queued",
        scheduled_at=sa.func.coalesce(_ti.scheduled_at, sa.bindparam("now", type_=_ti.queued_at.type)),
        queued_at=sa.bindparam("now", type_=_ti.queued_at.type),
        due_at=None,
    )
)
_START = Hot(
    task_instance.update()
    .where(any_of(_ti.id, "ids"))
    .values(
        state="running",
        token=_ti.token + 1,
        try_number=_ti.try_number + 1,
        worker=sa.bindparam("by"),
        nonce=sa.bindparam("claim"),
        scheduled_at=sa.func.coalesce(_ti.scheduled_at, sa.bindparam("now", type_=_ti.queued_at.type)),
        queued_at=sa.func.coalesce(_ti.queued_at, sa.bindparam("now", type_=_ti.queued_at.type)),
        started_at=sa.bindparam("now", type_=_ti.queued_at.type),
        ended_at=None,
        due_at=None,
    )
)
_RELEASE = Hot(
    task_instance.update()
    .where(any_of(_ti.id, "ids"))
    .values(state="scheduled", due_at=None, queued_at=None, scheduled_at=sa.bindparam("now", type_=_ti.queued_at.type))
)
_DELETE = task_instance.delete().where(any_of(_ti.id, "ids"))
_DELETE_LABELS = instance_label.delete().where(any_of(instance_label.c.instance, "ids"))
_DELETE_NOTES = instance_note.delete().where(any_of(instance_note.c.instance, "ids"))
_DELETE_COUNTERS = task_counter.delete().where(any_of(_counter.instance, "ids"))
_TRY_STATES = sa.select(task_try.c.instance, task_try.c.token, task_try.c.state).where(
    sa.tuple_(task_try.c.instance, task_try.c.token).in_(sa.bindparam("tries", expanding=True))
)
_LEAF_FAILURES = (
    sa.select(sa.func.count())
    .select_from(task_instance)
    .where(
        _ti.run == sa.bindparam("of_run"),
        any_of(_ti.task_id, "tasks"),
        _ti.state.in_(["failed", "upstream_failed"]),
    )
)
_STATES_BY_INDEX = sa.select(_ti.task_id, _ti.map_index, _ti.state).where(
    _ti.run == sa.bindparam("of_run"), any_of(_ti.task_id, "tasks")
)
_STATES_OF_TASKS = (
    sa.select(_ti.task_id, _ti.state, sa.func.count())
    .where(_ti.run == sa.bindparam("of_run"), any_of(_ti.task_id, "tasks"))
    .group_by(_ti.task_id, _ti.state)
)


def share_runs(conn: sa.Connection, instances: Iterable[int]) -> dict[int, Owner]:
    """Lock the runs of `instances` against clear, expand and delete, and tell which task of which run each one is."""
    rows = _SHARE_RUNS.rows(conn, {"ids": sorted(set(instances))})
    return {row[0]: Owner(*row) for row in rows}


Targets = Mapping[int, Mapping[str, frozenset[int] | None]]
"""Tasks by run, each with the indexes of its instances, or None for all."""


def lock_with_targets(
    conn: sa.Connection, instances: Iterable[int], targets: Targets, *, most: int
) -> list[LockedInstance]:
    """Lock `instances` and the instances `targets`, at most `most` from the front of the order.

    Where single instances of tasks are meant, some that have the index of another's may be locked too.
    """
    of_run = {run: tasks for run, tasks in sorted(targets.items()) if tasks}
    wanted: dict[str, Any] = {"ids": sorted(instances), "most": most}
    shape = []
    for n, (run, tasks) in enumerate(of_run.items()):
        whole = sorted(task_id for task_id, where in tasks.items() if where is None)
        single = sorted(task_id for task_id, where in tasks.items() if where is not None)
        wanted |= {f"run{n}": run, f"tasks{n}": whole} if whole else {f"run{n}": run}
        if single:
            indexes = {index for where in tasks.values() if where is not None for index in where}
            wanted |= {f"single{n}": single, f"indexes{n}": sorted(indexes)}
        shape.append((bool(whole), bool(single)))
    return _locked(hot(_lock_targets(tuple(shape))).rows(conn, wanted))


@cache
def _lock_targets(shape: tuple[tuple[bool, bool], ...]) -> sa.Select[Any]:
    # One alternative a run: SQLite finds no index for pairs (run, task_id) IN (…) beside another alternative.
    alternatives: list[sa.ColumnElement[bool]] = [any_of(_ti.id, "ids")]
    for n, (whole, single) in enumerate(shape):
        of_run = _ti.run == sa.bindparam(f"run{n}")
        if whole:
            alternatives.append(sa.and_(of_run, any_of(_ti.task_id, f"tasks{n}")))
        if single:
            named = (any_of(_ti.task_id, f"single{n}"), any_of(_ti.map_index, f"indexes{n}"))
            alternatives.append(sa.and_(of_run, *named))
    return _LOCK.where(sa.or_(*alternatives)).limit(sa.bindparam("most"))


def lock(conn: sa.Connection, instances: Iterable[int]) -> list[LockedInstance]:
    """Lock `instances`."""
    return _locked(conn.execute(_LOCK_IDS, {"ids": sorted(instances)}))


def lock_after(
    conn: sa.Connection, run: int, tasks: Iterable[str], *, after: tuple[int, int], most: int
) -> list[LockedInstance]:
    """Lock the instances of `tasks` in one run that come behind the position `after` (rank, map index)."""
    found = {"of_run": run, "tasks": sorted(tasks), "after_rank": after[0], "after_index": after[1], "most": most}
    return _locked(conn.execute(_LOCK_AFTER, found))


def lock_run(conn: sa.Connection, run: int) -> list[LockedInstance]:
    """Lock all instances of a run."""
    return _locked(conn.execute(_LOCK_RUN, {"of_run": run}))


def look(conn: sa.Connection, run: int) -> list[LockedInstance]:
    """Return all instances of a run without locking them: what they say may be over when it is read."""
    return _locked(conn.execute(_LOOK_RUN, {"of_run": run}))


def _locked(rows: Iterable[Any]) -> list[LockedInstance]:
    return [LockedInstance(*row) for row in rows]


def record(conn: sa.Connection, ends: Sequence[dict[str, Any]], tries: Sequence[dict[str, Any]]) -> None:
    """Write how tries left their instances (key, state, try_number, due_at, ended_at each), and the tries that ended."""
    _RECORD_ENDS.run(conn, ends, tries)


def settle(conn: sa.Connection, instances: Iterable[int], *, state: str, now: datetime, is_end: bool) -> None:
    """Give instances the state that their trigger rule decided, without a try."""
    times = {"ended": now if is_end else None, "ready": None if is_end else now}
    _SETTLE.run(conn, {"ids": sorted(instances), "new_state": state, **times})


def admit(conn: sa.Connection, instances: Iterable[int], *, now: datetime) -> None:
    """Move instances to `queued`: they hold their slots from here on."""
    _ADMIT.run(conn, {"ids": sorted(instances), "now": now})


def start(conn: sa.Connection, instances: Iterable[int], *, worker: str, nonce: str, now: datetime) -> None:
    """Move instances to `running` under a new token, for a worker that claims them by a nonce."""
    _START.run(conn, {"ids": sorted(instances), "by": worker, "claim": nonce, "now": now})


def release(conn: sa.Connection, instances: Iterable[int], *, now: datetime) -> None:
    """Move instances that waited for a moment to `scheduled`."""
    _RELEASE.run(conn, {"ids": sorted(instances), "now": now})


def reset(conn: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write instances anew: key and the columns of a cleared or expanded instance each."""
    _RECORD.run(conn, rows)


def delete(conn: sa.Connection, instances: Iterable[int]) -> None:
    """Delete instances, their counters and what they are called."""
    keys = sorted(instances)
    if keys:
        conn.execute(_DELETE_COUNTERS, {"ids": keys})
        conn.execute(_DELETE_LABELS, {"ids": keys})
        conn.execute(_DELETE_NOTES, {"ids": keys})
        conn.execute(_DELETE, {"ids": keys})


def tries(conn: sa.Connection, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Return the states of the ended tries among (instance, token) `keys`."""
    return {(row[0], row[1]): row[2] for row in conn.execute(_TRY_STATES, {"tries": sorted(keys)})}


def add_tries(conn: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Record ended tries."""
    _ADD_TRIES.run(conn, rows)


def add(conn: sa.Connection, rows: Sequence[dict[str, Any]], counters: Sequence[dict[str, Any]]) -> None:
    """Insert instances and their counters."""
    _ADD.run(conn, rows)
    _ADD_COUNTERS.run(conn, counters)


def leaf_failures(conn: sa.Connection, run: int, tasks: Iterable[str]) -> int:
    """Return how many instances of `tasks` ended as failed or upstream_failed."""
    count: int = conn.execute(_LEAF_FAILURES, {"of_run": run, "tasks": sorted(tasks)}).scalar_one()
    return count


def states_by_index(conn: sa.Connection, run: int, tasks: Iterable[str]) -> list[tuple[str, int, str]]:
    """Return the task, the index and the state of each instance of `tasks`, unlocked."""
    rows = conn.execute(_STATES_BY_INDEX, {"of_run": run, "tasks": sorted(tasks)})
    return [(task_id, map_index, state) for task_id, map_index, state in rows]


def states_of_tasks(conn: sa.Connection, run: int, tasks: Iterable[str]) -> dict[str, dict[str, int]]:
    """Return for each of `tasks` how many of its instances are in which state."""
    found: dict[str, dict[str, int]] = {}
    for task_id, state, count in conn.execute(_STATES_OF_TASKS, {"of_run": run, "tasks": sorted(tasks)}):
        found.setdefault(task_id, {})[state] = count
    return found

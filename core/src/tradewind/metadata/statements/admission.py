"""Statements of admission: who waits, which buckets have room, and the locks that only admitters take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.dialects import insert_or_keep
from tradewind.metadata.statements import drains, holds
from tradewind.metadata.statements.states import occupying, waiting
from tradewind.metadata.tables import bucket_lock, daemon, dag, pool, task_instance, task_limit

_ti = task_instance.c


@dataclass(frozen=True, slots=True)
class Group:
    """Instances that wait for admission and need the same of the same buckets."""

    pool: str
    dag_id: str
    executor: str
    pool_slots: int
    waiting: int


@dataclass(frozen=True, slots=True)
class TaskLimit:
    """How many instances of a task may be at work at once, in all runs and in one; None for no limit."""

    per_dag: int | None
    per_run: int | None


TaskKey = tuple[str, str]
"""A DAG and one of its tasks."""
NO_LIMITS: Mapping[TaskKey, TaskLimit] = {}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One instance that waits for admission."""

    id: int
    pool: str
    dag_id: str
    executor: str
    pool_slots: int
    priority: int
    task_id: str = ""
    run: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the buckets; a bucket without an entry has none of its kind and admits nothing (pools, executors).

    `tasks` are those tasks of the DAGs asked for that have limits of their own.
    """

    pools: Mapping[str, int]
    dags: Mapping[str, int]
    executors: Mapping[str, int]
    tasks: Mapping[TaskKey, TaskLimit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Occupancy:
    """What queued and running instances hold: slots by pool, instances by DAG and by executor."""

    pools: Mapping[str, int]
    dags: Mapping[str, int]
    executors: Mapping[str, int]


_GROUPS = (
    sa.select(_ti.pool, _ti.dag_id, _ti.executor, _ti.pool_slots, sa.func.count().label("waiting"))
    .where(waiting(_ti.state, "scheduled"), ~holds.is_held(_ti))
    .group_by(_ti.pool, _ti.dag_id, _ti.executor, _ti.pool_slots)
    .order_by(_ti.pool, _ti.dag_id, _ti.executor, _ti.pool_slots)
)
_KNOWN_BUCKETS = (
    sa.select(bucket_lock.c.name)
    .where(bucket_lock.c.name.in_(sa.bindparam("names", expanding=True)))
    .order_by(bucket_lock.c.name)
)
_LOCK_BUCKETS = _KNOWN_BUCKETS.with_for_update()
_OCCUPIED = (
    sa.select(_ti.pool, _ti.dag_id, _ti.executor, sa.func.sum(_ti.pool_slots), sa.func.count())
    .where(occupying(_ti.state))
    .group_by(_ti.pool, _ti.dag_id, _ti.executor)
)
_OCCUPIED_LANES = (
    sa.select(_ti.dag_id, _ti.task_id, _ti.run, sa.func.count())
    .where(occupying(_ti.state), sa.tuple_(_ti.dag_id, _ti.task_id).in_(sa.bindparam("tasks", expanding=True)))
    .group_by(_ti.dag_id, _ti.task_id, _ti.run)
)
_LOCK_SCHEDULED = (
    sa.select(_ti.id)
    .where(_ti.id.in_(sa.bindparam("ids", expanding=True)), _ti.state == "scheduled")
    .order_by(_ti.run, _ti.rank, _ti.map_index)
    .with_for_update()
)


def groups(conn: sa.Connection) -> list[Group]:
    """Return what waits for admission, by what it needs."""
    return [Group(*row) for row in conn.execute(_GROUPS)]


def lock_buckets(conn: sa.Connection, names: Iterable[str]) -> None:
    """Lock buckets in sorted order; those that are missing are made before, in sorted order too.

    Made before any is locked: who waited for another's new row with locks in his hands would be waited for by that other.
    Buckets are never deleted, so what is seen without a lock is there.
    """
    wanted = {"names": sorted(set(names))}
    known = set(conn.execute(_KNOWN_BUCKETS, wanted).scalars())
    if missing := [name for name in wanted["names"] if name not in known]:
        conn.execute(insert_or_keep(conn.dialect.name, bucket_lock), [{"name": name} for name in missing])
    conn.execute(_LOCK_BUCKETS, wanted)


def occupancy(conn: sa.Connection) -> Occupancy:
    """Count what is occupied now; call it with the bucket locks held."""
    pools: dict[str, int] = {}
    dags: dict[str, int] = {}
    executors: dict[str, int] = {}
    for in_pool, in_dag, in_executor, slots, count in conn.execute(_OCCUPIED):
        pools[in_pool] = pools.get(in_pool, 0) + int(slots)
        dags[in_dag] = dags.get(in_dag, 0) + count
        executors[in_executor] = executors.get(in_executor, 0) + count
    return Occupancy(pools, dags, executors)


def limits(conn: sa.Connection, *, pools: Iterable[str], dags: Iterable[str], sql_now: sa.ColumnElement[Any]) -> Limits:
    """Return the limits of pools and DAGs, and the slots that live workers of each executor announce, in one statement.

    Drained workers announce none.

    Arguments:
        sql_now: the instant at which a worker's lease must not have expired.
    """
    kind = sa.literal_column
    none: tuple[sa.ColumnElement[Any], ...] = (kind("NULL"), kind("NULL"))
    of_pools = sa.select(
        kind("'pool'").label("kind"), pool.c.name.label("name"), pool.c.slots.label("most"), *none
    ).where(pool.c.name.in_(sa.bindparam("pools", expanding=True)))
    of_dags = sa.select(kind("'dag'"), dag.c.dag_id, dag.c.max_active_tasks, *none).where(
        dag.c.dag_id.in_(sa.bindparam("dags", expanding=True))
    )
    of_tasks = sa.select(
        kind("'task'"), task_limit.c.dag_id, task_limit.c.per_dag, task_limit.c.task_id, task_limit.c.per_run
    ).where(task_limit.c.dag_id.in_(sa.bindparam("dags", expanding=True)))
    is_drained = drains.is_drained(daemon.c.id, daemon.c.host)
    taking = sa.case((is_drained, 0), else_=daemon.c.slots)
    of_executors = (
        sa.select(kind("'executor'"), daemon.c.executor, sa.func.sum(taking), *none)
        .where(
            daemon.c.kind == "worker",
            daemon.c.slots.is_not(None),
            daemon.c.ended_at.is_(None),
            daemon.c.expires_at > sql_now,
        )
        .group_by(daemon.c.executor)
    )
    found: dict[str, dict[str, int]] = {"pool": {}, "dag": {}, "executor": {}}
    tasks: dict[TaskKey, TaskLimit] = {}
    asked = sa.union_all(of_tasks, of_pools, of_dags, of_executors)  # tasks first: their columns have types
    for of_kind, name, most, task_id, per_run in conn.execute(asked, {"pools": sorted(pools), "dags": sorted(dags)}):
        if of_kind == "task":
            tasks[name, task_id] = TaskLimit(most, per_run)
        else:
            found[of_kind][name] = int(most or 0)
    return Limits(found["pool"], found["dag"], found["executor"], tasks)


def occupied_lanes(conn: sa.Connection, tasks: Iterable[TaskKey]) -> dict[tuple[str, str, int], int]:
    """Count how many instances of tasks with limits are at work, by DAG, task and run."""
    found = conn.execute(_OCCUPIED_LANES, {"tasks": sorted(tasks)})
    return {(dag_id, task_id, run): count for dag_id, task_id, run, count in found}


def candidates(
    conn: sa.Connection,
    wanted: Iterable[Group],
    *,
    most_each: int,
    most: int,
    limited: Mapping[TaskKey, TaskLimit] = NO_LIMITS,
) -> list[Candidate]:
    """Return the first `most_each` waiting instances of each group, in all at most `most`, highest priority first.

    Groups without room are never asked for, so a full bucket starves nobody: not by taking places in this list either.
    For the same reason each task with a limit of its own is a group by itself, in each run where it has one there.
    """
    key = sa.tuple_(_ti.pool, _ti.dag_id, _ti.executor, _ti.pool_slots)
    order = (_ti.priority.desc(), _ti.scheduled_at, _ti.id)
    place = (
        sa.func.row_number()
        .over(partition_by=(_ti.pool, _ti.dag_id, _ti.executor, _ti.pool_slots, *_lanes(limited)), order_by=order)
        .label("place")
    )
    keys = [(group.pool, group.dag_id, group.executor, group.pool_slots) for group in wanted]
    ranked = (
        sa.select(*_CANDIDATE, _ti.scheduled_at, place)
        .where(
            waiting(_ti.state, "scheduled"), ~holds.is_held(_ti), key.in_(sa.bindparam("keys", keys, expanding=True))
        )
        .subquery()
    )
    found = (
        sa.select(*list(ranked.c)[: len(_CANDIDATE)])
        .where(ranked.c.place <= most_each)
        .order_by(ranked.c.priority.desc(), ranked.c.scheduled_at, ranked.c.id)
        .limit(most)
    )
    return [Candidate(*row) for row in conn.execute(found)]


_CANDIDATE = (_ti.id, _ti.pool, _ti.dag_id, _ti.executor, _ti.pool_slots, _ti.priority, _ti.task_id, _ti.run)


def _lanes(limited: Mapping[TaskKey, TaskLimit]) -> list[sa.ColumnElement[Any]]:
    if not limited:
        return []
    in_runs = [key for key, limit in limited.items() if limit.per_run is not None]
    of_task = sa.tuple_(_ti.dag_id, _ti.task_id)
    lanes: list[sa.ColumnElement[Any]] = [sa.case((of_task.in_(sorted(limited)), _ti.task_id), else_="")]
    return [*lanes, sa.case((of_task.in_(sorted(in_runs)), _ti.run), else_=0)] if in_runs else lanes


def lock_scheduled(conn: sa.Connection, ids: Iterable[int]) -> list[int]:
    """Lock those of `ids` that still wait for admission, in the order of the locks."""
    return list(conn.execute(_LOCK_SCHEDULED, {"ids": sorted(ids)}).scalars())

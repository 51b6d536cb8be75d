"""What waits, for `tradewind status`: ready tasks by what they need, queued tries, queued runs, and who could take them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements import drains
from tradewind.metadata.statements.admission import Group
from tradewind.metadata.statements.browsing.parts import COUNTED_MOST
from tradewind.metadata.statements.states import among, equal, of_open_run, waiting
from tradewind.metadata.tables import daemon, dag, dag_run, deferral, task_counter, task_instance

_ti = task_instance.c
_d = daemon.c
_run = dag_run.c


@dataclass(frozen=True, slots=True)
class ReadyGroup:
    """Ready tasks that need the same of the same buckets, and since when the first of them waits."""

    needs: Group
    since: datetime | None


@dataclass(frozen=True, slots=True)
class QueuedTries:
    """Admitted tries that no worker has claimed yet, by executor and queue."""

    executor: str
    queue: str
    count: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class QueuedRuns:
    """Runs of one DAG that have not started, and what decides whether they may."""

    dag_id: str
    count: int
    since: datetime | None
    is_paused: bool
    quarantine: str | None
    max_active_runs: int
    running: int


@dataclass(frozen=True, slots=True)
class DeferredTasks:
    """Deferred tasks of one DAG: how many, those whose trigger no live triggerer runs, and what is wrong with one."""

    dag_id: str
    count: int
    unclaimed: int
    since: datetime | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class LiveWorker:
    """A worker whose lease is valid; `queues` is None for all."""

    executor: str
    queues: tuple[str, ...] | None
    slots: int
    busy: int
    is_drained: bool = False


_READY = (
    sa.select(
        _ti.pool,
        _ti.dag_id,
        _ti.executor,
        _ti.pool_slots,
        sa.func.count().label("waiting"),
        sa.func.min(_ti.scheduled_at, type_=_ti.scheduled_at.type),
    )
    .where(waiting(_ti.state, "scheduled"))
    .group_by(_ti.pool, _ti.dag_id, _ti.executor, _ti.pool_slots)
    .order_by(_ti.dag_id, _ti.pool, _ti.executor, _ti.pool_slots)
)
_QUEUED = (
    sa.select(_ti.executor, _ti.queue, sa.func.count(), sa.func.min(_ti.queued_at, type_=_ti.queued_at.type))
    .where(waiting(_ti.state, "queued"))
    .group_by(_ti.executor, _ti.queue)
    .order_by(_ti.executor, _ti.queue)
)
_LATER = (
    sa.select(_ti.state, sa.func.count())
    .where(among(_ti.state, "up_for_retry", "up_for_reschedule"), _ti.due_at.is_not(None))
    .group_by(_ti.state)
)
_OTHER_RUN = dag_run.alias()
_RUNNING = (
    sa.select(sa.func.count())
    .where(_OTHER_RUN.c.dag_id == dag.c.dag_id, of_open_run(_OTHER_RUN.c.state, "running"))
    .correlate(dag)
    .scalar_subquery()
)
_is_claimed = sa.exists(sa.select(_d.id).where(_d.id == deferral.c.triggerer, _d.ended_at.is_(None)))
_DEFERRED = (
    sa.select(
        _ti.dag_id,
        sa.func.count(),
        sa.func.sum(sa.case((_is_claimed.correlate(deferral), 0), else_=1)),
        sa.func.min(deferral.c.deferred_at, type_=deferral.c.deferred_at.type),
        sa.func.max(deferral.c.problem),
    )
    .join_from(deferral, task_instance, _ti.id == deferral.c.instance)
    .where(_ti.state == "deferred", _ti.token == deferral.c.token)
    .group_by(_ti.dag_id)
    .order_by(_ti.dag_id)
)
_QUEUED_RUNS = (
    sa.select(
        dag.c.dag_id,
        sa.func.count(),
        sa.func.min(_run.queued_at, type_=_run.queued_at.type),
        dag.c.is_paused,
        dag.c.quarantine,
        dag.c.max_active_runs,
        _RUNNING,
    )
    .join_from(dag_run, dag, dag.c.dag_id == _run.dag_id)
    .where(of_open_run(_run.state, "queued"))
    .group_by(dag.c.dag_id, dag.c.is_paused, dag.c.quarantine, dag.c.max_active_runs)
    .order_by(dag.c.dag_id)
)


@dataclass(frozen=True, slots=True)
class Needs:
    """A task instance, as much of it as says why it waits."""

    id: int
    run: int
    dag_id: str
    task_id: str
    map_index: int
    state: str
    try_number: int
    max_tries: int
    pool: str
    pool_slots: int
    executor: str
    queue: str
    due_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    worker: str | None


@dataclass(frozen=True, slots=True)
class Trigger:
    """What a deferred instance waits for; `is_run` says whether a triggerer that has not ended runs it."""

    classpath: str
    problem: str | None
    deferred_at: datetime
    is_run: bool


_NEEDS = sa.select(*(_ti[name] for name in Needs.__dataclass_fields__))
_COUNTED = ("waits", "success", "failed", "upstream_failed", "skipped", "removed")
_COUNTERS = sa.select(*(task_counter.c[name] for name in _COUNTED)).where(
    task_counter.c.instance == sa.bindparam("of_instance")
)
_TRIGGER = (
    sa.select(
        deferral.c.classpath,
        deferral.c.problem,
        deferral.c.deferred_at,
        sa.exists(sa.select(_d.id).where(_d.id == deferral.c.triggerer, _d.ended_at.is_(None))).label("is_run"),
    )
    .where(deferral.c.instance == sa.bindparam("of_instance"))
)  # fmt: skip


def instance(conn: sa.Connection, run: int, task_id: str, map_index: int) -> Needs | None:
    """Return an instance of a run."""
    row = conn.execute(_NEEDS.where(_ti.run == run, _ti.task_id == task_id, _ti.map_index == map_index)).first()
    return None if row is None else Needs(*row)


def counters(conn: sa.Connection, key: int) -> tuple[int, ...]:
    """Return what an instance waits for and how that ended: waits, success, failed, upstream_failed, skipped, removed."""
    row = conn.execute(_COUNTERS, {"of_instance": key}).first()
    return (0, 0, 0, 0, 0, 0) if row is None else tuple(row)


def trigger(conn: sa.Connection, key: int) -> Trigger | None:
    """Return what a deferred instance waits for."""
    row = conn.execute(_TRIGGER, {"of_instance": key}).first()
    return None if row is None else Trigger(row.classpath, row.problem, row.deferred_at, bool(row.is_run))


def deferred(conn: sa.Connection) -> list[DeferredTasks]:
    """Return the tasks that wait for a trigger, by DAG."""
    return [DeferredTasks(*row) for row in conn.execute(_DEFERRED)]


def ready(conn: sa.Connection) -> list[ReadyGroup]:
    """Return the ready tasks that wait for admission, by what they need."""
    return [ReadyGroup(Group(*row[:5]), row[5]) for row in conn.execute(_READY)]


def queued(conn: sa.Connection) -> list[QueuedTries]:
    """Return the admitted tries that wait for a worker."""
    return [QueuedTries(*row) for row in conn.execute(_QUEUED)]


def queued_runs(conn: sa.Connection) -> list[QueuedRuns]:
    """Return the runs that wait to start, by DAG."""
    return [QueuedRuns(*row) for row in conn.execute(_QUEUED_RUNS)]


def later_and_ended(conn: sa.Connection, *, since: datetime) -> tuple[Mapping[str, int], int]:
    """Return with one statement how many tasks wait for their time, by state, and how many have ended since a moment.

    The latter are counted up to `COUNTED_MOST` + 1.
    """
    ended = sa.select(_ti.id).where(_ti.ended_at >= since).limit(COUNTED_MOST + 1).subquery()
    name: sa.ColumnElement[str] = sa.literal_column("'ended'", sa.String)
    of_ended = sa.select(name, sa.func.count()).select_from(ended)
    found = {row[0]: int(row[1]) for row in conn.execute(sa.union_all(_LATER, of_ended))}
    number = found.pop("ended")
    return found, number


def workers(conn: sa.Connection, *, sql_now: sa.ColumnElement[Any]) -> list[LiveWorker]:
    """Return the workers that live, with how many tries each runs.

    Arguments:
        sql_now: the instant at which a worker's lease must not have expired.
    """
    busy = (
        sa.select(sa.func.count())
        .where(_ti.worker == _d.id, equal(_ti.state, "running"))
        .correlate(daemon)
        .scalar_subquery()
    )
    query = (
        sa.select(_d.executor, _d.queues, _d.slots, busy, drains.is_drained(_d.id, _d.host))
        .where(equal(_d.kind, "worker"), _d.ended_at.is_(None), _d.expires_at > sql_now)
        .order_by(_d.executor, _d.id)
    )
    return [
        LiveWorker(
            row[0] or "",
            None if row[1] is None else tuple(json.loads(row[1])),
            int(row[2] or 0),
            row[3],
            is_drained=bool(row[4]),
        )
        for row in conn.execute(query)
    ]

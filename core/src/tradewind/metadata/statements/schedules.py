"""Statements of the scheduler's loop: what there is to do, which DAGs and runs are due, and setting a DAG aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from tradewind.metadata.statements import backfills, deadlines
from tradewind.metadata.statements.runs import BACKFILL
from tradewind.metadata.statements.states import of_open_run, waiting
from tradewind.metadata.tables import (
    asset_queue,
    continuation,
    dag,
    dag_listing,
    dag_run,
    event_outbox,
    past_gate,
    task_instance,
)

_dag = dag.c
_run = dag_run.c
_ti = task_instance.c
_now = sa.bindparam("now", type_=_ti.due_at.type)


@dataclass(frozen=True, slots=True)
class Agenda:
    """Which kinds of work there are now, and the next moment at which something becomes due."""

    has_due_dags: bool
    has_queued_runs: bool
    has_due_instances: bool
    has_continuations: bool
    has_gates: bool
    has_scheduled: bool
    has_events: bool
    next_due: datetime | None
    is_anybody_gone: bool = False
    has_asset_news: bool = False
    has_backfills: bool = False
    has_deadlines: bool = False


@dataclass(frozen=True, slots=True)
class DueDag:
    """A DAG whose next run is due; its row is locked."""

    dag_id: str
    version_id: int
    next_run: str | None
    due_at: datetime


def _runs_of_dag(state: str | None = None, *, backfilled: bool = False) -> sa.ScalarSelect[int]:
    counted = dag_run.alias("counted")
    is_of_kind = counted.c.run_type == BACKFILL if backfilled else counted.c.run_type != BACKFILL
    return (
        sa.select(sa.func.count())
        .select_from(counted)
        .where(counted.c.dag_id == _dag.dag_id, of_open_run(counted.c.state, state), is_of_kind)
        .correlate(dag)
        .scalar_subquery()
    )


_IS_ALIVE = (_dag.is_paused.is_(False), _dag.is_active.is_(True), _dag.quarantine.is_(None))
# A DAG at its limit of active runs is not due: the end of one of them wakes the scheduler.
_IS_DUE = (_dag.due_at <= _now, *_IS_ALIVE, _runs_of_dag() < _dag.max_active_runs)
_MAY_START = (
    of_open_run(_run.state, "queued"),
    _dag.is_paused.is_(False),
    _dag.quarantine.is_(None),
    sa.case((_run.run_type == BACKFILL, _runs_of_dag("running", backfilled=True)), else_=_runs_of_dag("running"))
    < _dag.max_active_runs,
)
# In the very words of the partial index, as SQLite proves nothing about others; and a list, so that it begins there
_NEWS = sa.select(asset_queue.c.dag_id).where(sa.text("asset_queue.is_new"))
_OF_NEWS = sa.select(_dag.dag_id).where(_dag.dag_id.in_(_NEWS), *_IS_ALIVE, _runs_of_dag() < _dag.max_active_runs)
_ASSET_DAGS = _OF_NEWS.order_by(_dag.dag_id).limit(sa.bindparam("most"))
_LOCK_ASSET_DAG = (
    sa.select(_dag.version_id)
    .where(
        _dag.dag_id == sa.bindparam("of_dag"),
        *_IS_ALIVE,
        _runs_of_dag() < _dag.max_active_runs,
        sa.exists(sa.select(asset_queue.c.event).where(asset_queue.c.dag_id == _dag.dag_id, asset_queue.c.is_new)),
    )
    .with_for_update(of=dag, skip_locked=True)
)
_IS_INSTANCE_DUE = (_ti.due_at <= _now, _ti.state.in_(["up_for_retry", "up_for_reschedule", "deferred"]))
MOST_OVERDUE: Final = sa.select(sa.func.min(_dag.due_at)).where(*_IS_DUE).scalar_subquery()
"""When the run was due that is due the longest, for a statement that binds `now`."""
_DUE_DAGS = sa.select(_dag.dag_id).where(*_IS_DUE).order_by(_dag.due_at, _dag.dag_id).limit(sa.bindparam("most"))
_LOCK_DUE = (
    sa.select(_dag.dag_id, _dag.version_id, _dag.next_run, _dag.due_at)
    .where(_dag.dag_id == sa.bindparam("of_dag"), *_IS_DUE)
    .with_for_update(of=dag, skip_locked=True)
)
_QUEUED_RUNS = (
    sa.select(_run.id, _run.dag_id)
    .join_from(dag_run, dag, _dag.dag_id == _run.dag_id)
    .where(*_MAY_START)
    .order_by(_run.logical_date, _run.queued_at, _run.id)
    .limit(sa.bindparam("most"))
)
_CONTINUATIONS = (
    sa.select(continuation.c.id, _run.dag_id)
    .join_from(continuation, dag_run, _run.id == continuation.c.run)
    .outerjoin(dag, _dag.dag_id == _run.dag_id)
    .where(_dag.quarantine.is_(None), _run.state != "queued")
)
_NEXT_DUE = sa.union_all(
    sa.select(sa.func.min(_ti.due_at).label("at")).where(_ti.due_at > _now),
    sa.select(sa.func.min(_dag.due_at)).where(_dag.due_at > _now, *_IS_ALIVE),
    deadlines.NEXT,
).subquery()
_AGENDA = sa.select(
    sa.exists(sa.select(_dag.dag_id).where(*_IS_DUE)),
    sa.exists(sa.select(_run.id).join_from(dag_run, dag, _dag.dag_id == _run.dag_id).where(*_MAY_START)),
    sa.exists(sa.select(_ti.id).where(*_IS_INSTANCE_DUE)),
    sa.exists(_CONTINUATIONS),
    sa.exists(sa.select(past_gate.c.run)),
    sa.exists(sa.select(_ti.id).where(waiting(_ti.state, "scheduled"))),
    sa.exists(sa.select(event_outbox.c.id)),
    sa.select(sa.func.min(_NEXT_DUE.c.at)).scalar_subquery(),
    sa.exists(_OF_NEWS),
    sa.exists(backfills.WITH_WORK),
    deadlines.IS_DUE,
)
_OPEN_RUNS = (
    sa.select(_run.id)
    .where(of_open_run(_run.state, "running"), _run.id > sa.bindparam("after"))
    .order_by(_run.id)
    .limit(sa.bindparam("most"))
)
_EXISTS_RUN = sa.select(_run.id).where(_run.dag_id == sa.bindparam("of_dag"), _run.run_id == sa.bindparam("named"))
# Two looks, each by an index of its own: joined by OR they would read every run that the DAG ever had
_EXISTS_RUN_OF_DATE = sa.union_all(
    _EXISTS_RUN,
    sa.select(_run.id).where(
        _run.dag_id == sa.bindparam("of_dag"),
        _run.logical_date == sa.bindparam("of_date", type_=_run.logical_date.type),
        _run.run_type == BACKFILL,
    ),
)


def agenda(conn: sa.Connection, *, now: datetime, gone: sa.ColumnElement[bool] | None = None) -> Agenda:
    """Return what there is to do, with the one statement of an idle scheduler.

    Arguments:
        gone: also ask this, whether the lease of anybody is to be judged (`transitions.daemons.is_anybody_gone`).
    """
    asked = _AGENDA.add_columns(sa.false() if gone is None else gone)
    row = conn.execute(asked, {"now": now}).one()
    due, queued, released, left, gates, scheduled, events, next_due, news, backfilling, deadline, is_anybody_gone = row
    return Agenda(
        bool(due),
        bool(queued),
        bool(released),
        bool(left),
        bool(gates),
        bool(scheduled),
        bool(events),
        next_due,
        bool(is_anybody_gone),
        bool(news),
        bool(backfilling),
        bool(deadline),
    )


def due_dags(conn: sa.Connection, *, now: datetime, most: int) -> list[str]:
    """Return DAGs whose next run is due and has room, the longest due first."""
    return list(conn.execute(_DUE_DAGS, {"now": now, "most": most}).scalars())


def lock_due_dag(conn: sa.Connection, dag_id: str, *, now: datetime) -> DueDag | None:
    """Lock a DAG's row if its next run is still due and no other scheduler is making it."""
    row = conn.execute(_LOCK_DUE, {"of_dag": dag_id, "now": now}).first()
    return DueDag(*row) if row else None


def asset_dags(conn: sa.Connection, *, most: int) -> list[str]:
    """Return DAGs for which events of assets wait that nobody has looked at, and which have room for a run."""
    return list(conn.execute(_ASSET_DAGS, {"most": most}).scalars())


def lock_asset_dag(conn: sa.Connection, dag_id: str) -> int | None:
    """Lock a DAG's row if events still wait for it and no other scheduler is at it; return its version."""
    found: int | None = conn.execute(_LOCK_ASSET_DAG, {"of_dag": dag_id}).scalar_one_or_none()
    return found


def set_next_run(conn: sa.Connection, dag_id: str, *, next_run: str | None, due_at: datetime | None) -> None:
    """Write which run comes next, and when."""
    conn.execute(dag.update().where(_dag.dag_id == dag_id).values(next_run=next_run, due_at=due_at))


@dataclass(frozen=True, slots=True)
class Plan:
    """Which run of a DAG is to come, as its row has it."""

    version_id: int
    next_run: str | None
    due_at: datetime | None


def listed_runs(conn: sa.Connection, dag_id: str) -> str | None:
    """Return the coming runs that the processor has listed of a DAG whose file defines its timetable, as JSON."""
    found: str | None = conn.execute(sa.select(dag_listing.c.runs).where(dag_listing.c.dag_id == dag_id)).scalar()
    return found


def plan(conn: sa.Connection, dag_id: str) -> Plan:
    """Return which run of a DAG is to come; there is such a DAG."""
    query = sa.select(_dag.version_id, _dag.next_run, _dag.due_at).where(_dag.dag_id == dag_id)
    return Plan(*conn.execute(query).one())


def waiting_of(conn: sa.Connection, dag_id: str) -> tuple[int, int]:
    """Return how many events of assets and how many queued runs wait for a DAG."""
    events = sa.select(sa.func.count()).select_from(asset_queue).where(asset_queue.c.dag_id == dag_id)
    queued = sa.select(sa.func.count()).select_from(dag_run).where(_run.dag_id == dag_id, _run.state == "queued")
    row = conn.execute(sa.select(events.scalar_subquery(), queued.scalar_subquery())).one()
    return row[0], row[1]


def has_run(conn: sa.Connection, dag_id: str, run_id: str) -> bool:
    """Tell whether a DAG has a run of this name."""
    return conn.execute(_EXISTS_RUN, {"of_dag": dag_id, "named": run_id}).first() is not None


def has_run_of_date(conn: sa.Connection, dag_id: str, run_id: str, logical_date: datetime) -> bool:
    """Tell whether a DAG has a run of this name, or one that a backfill has made for this logical date."""
    wanted = {"of_dag": dag_id, "named": run_id, "of_date": logical_date}
    return conn.execute(_EXISTS_RUN_OF_DATE, wanted).first() is not None


def queued_runs(conn: sa.Connection, *, most: int) -> list[tuple[int, str]]:
    """Return queued runs that may start, and their DAGs, the earliest logical date first."""
    return [(row[0], row[1]) for row in conn.execute(_QUEUED_RUNS, {"most": most})]


def open_runs(conn: sa.Connection, *, after: int, most: int) -> list[int]:
    """Return running runs in the order of their keys, behind `after`."""
    return list(conn.execute(_OPEN_RUNS, {"after": after, "most": most}).scalars())


def quarantine(conn: sa.Connection, dag_id: str, reason: str) -> None:
    """Set a DAG aside: it makes no runs and starts none until its file gives it a new version."""
    conn.execute(dag.update().where(_dag.dag_id == dag_id).values(quarantine=reason))

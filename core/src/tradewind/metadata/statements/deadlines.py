"""Statements on deadlines: moments by which a run must have ended, or a task of it succeeded; kept where they were missed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from tradewind.metadata.tables import dag, dag_run, deadline

RUN_TIMEOUT: Final = "dagrun_timeout"
SLA: Final = "sla"
DEADLINE: Final = "deadline."
"""How the kind of a DAG's own deadlines begins; its number follows."""

_dl = deadline.c
_run = dag_run.c
_now = sa.bindparam("now", type_=_dl.due_at.type)

_DUE = (
    sa.select(_dl.run, _run.dag_id)
    .join_from(deadline, dag_run, _run.id == _dl.run)
    .outerjoin(dag, dag.c.dag_id == _run.dag_id)
    .where(_dl.due_at <= _now, dag.c.quarantine.is_(None))
)
IS_DUE = sa.exists(_DUE)
"""Whether a moment has come, for a statement that is made anyway and binds `now`."""
NEXT = sa.select(sa.func.min(_dl.due_at)).where(_dl.due_at > _now)
"""The next moment that comes, for the same."""

_DUE_RUNS = _DUE.group_by(_dl.run, _run.dag_id).order_by(sa.func.min(_dl.due_at), _dl.run).limit(sa.bindparam("most"))
_OF_RUN = (
    sa.select(_dl.kind, _dl.task_id, _dl.due_at, _dl.seconds)
    .where(_dl.run == sa.bindparam("of_run"), _dl.due_at <= _now)
    .order_by(_dl.kind, _dl.task_id)
    .with_for_update()
)
_AMONG = (
    _dl.run == sa.bindparam("of_run"),
    _dl.kind == sa.bindparam("of_kind"),
    _dl.task_id.in_(sa.bindparam("tasks", expanding=True)),
)
_DELETE = deadline.delete().where(*_AMONG)
_MISS = deadline.update().where(*_AMONG).values(due_at=None, missed_at=sa.bindparam("at", type_=_dl.missed_at.type))


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment that has come: its kind, the task (empty for the run itself), and how many seconds were given."""

    kind: str
    task_id: str
    due_at: datetime
    seconds: float


def add(conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert deadlines: run, kind, task_id, seconds, due_at each."""
    if rows:
        conn.execute(deadline.insert(), [dict(row) for row in rows])


def due_runs(conn: sa.Connection, *, now: datetime, most: int) -> list[tuple[int, str]]:
    """Return (run, dag_id) of runs with a deadline that has come, the longest past first."""
    return [(row[0], row[1]) for row in conn.execute(_DUE_RUNS, {"now": now, "most": most})]


def lock_due(conn: sa.Connection, run: int, *, now: datetime) -> list[Deadline]:
    """Lock the deadlines of a run that have come."""
    return [Deadline(*row) for row in conn.execute(_OF_RUN, {"of_run": run, "now": now})]


def ended_at(conn: sa.Connection, run: int) -> datetime | None:
    """Return when a run ended, None for one that has not."""
    found: datetime | None = conn.execute(sa.select(_run.ended_at).where(_run.id == run)).scalar_one()
    return found


def delete(conn: sa.Connection, run: int, kind: str, tasks: Collection[str]) -> None:
    """Delete deadlines that were met, or mean nothing any more."""
    if tasks:
        conn.execute(_DELETE, {"of_run": run, "of_kind": kind, "tasks": sorted(tasks)})


def miss(conn: sa.Connection, run: int, kind: str, tasks: Collection[str], *, at: datetime) -> None:
    """Keep deadlines as missed."""
    if tasks:
        conn.execute(_MISS, {"of_run": run, "of_kind": kind, "tasks": sorted(tasks), "at": at})


@dataclass(frozen=True, slots=True)
class Among:
    """Which deadlines are meant.

    Arguments:
        dag_id: of this DAG only.
        is_missed: only those that were missed.
        dags: of these DAGs only; None for all.
    """

    dag_id: str | None = None
    is_missed: bool = False
    dags: Collection[str] | None = None

    @property
    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """What a deadline and its run must be."""
        found: list[sa.ColumnElement[bool]] = []
        if self.dag_id is not None:
            found.append(_run.dag_id == self.dag_id)
        if self.is_missed:
            found.append(_dl.missed_at.is_not(None))
        if self.dags is not None:
            found.append(_run.dag_id.in_(sorted(self.dags)))
        return found


def count(conn: sa.Connection, which: Among) -> int:
    """Return how many deadlines are meant."""
    joined = deadline.join(dag_run, _run.id == _dl.run)
    return int(conn.execute(sa.select(sa.func.count()).select_from(joined).where(*which.conditions)).scalar_one())


def find(conn: sa.Connection, which: Among, *, limit: int, offset: int = 0) -> Sequence[Any]:
    """Return (dag_id, run_id, kind, task_id, seconds, due_at, missed_at): what was missed, the newest first, then what comes."""
    found = (
        sa.select(_run.dag_id, _run.run_id, _dl.kind, _dl.task_id, _dl.seconds, _dl.due_at, _dl.missed_at)
        .join_from(deadline, dag_run, _run.id == _dl.run)
        .where(*which.conditions)
        .order_by(_dl.missed_at.is_(None), _dl.missed_at.desc(), _dl.due_at, _dl.run, _dl.task_id, _dl.kind)
    )
    return conn.execute(found.limit(limit).offset(offset)).all()

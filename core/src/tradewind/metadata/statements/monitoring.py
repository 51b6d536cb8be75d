"""The one statement about the whole system that a scheduler's metrics are made of: what waits, what runs, who lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements.schedules import MOST_OVERDUE
from tradewind.metadata.statements.states import among, occupying, of_open_run, waiting
from tradewind.metadata.tables import Instant, daemon, dag, dag_file, dag_run, event_outbox, pool, task_instance

_ti = task_instance.c
_run = dag_run.c
_text = sa.literal_column
_NOTHING: sa.ColumnElement[Any] = _text("''")
_number = sa.BigInteger


@dataclass(frozen=True, slots=True)
class Taken:
    """Task instances in one state, pool and executor."""

    state: str
    pool: str
    executor: str
    slots: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The system at one moment.

    Arguments:
        taken: unfinished task instances that wait for a slot or have one.
        pools: slots by pool.
        executors: slots of live workers, by executor.
        counts: open runs (`run:` and their state), live daemons (`daemon:` and their kind), `dag:active`, `dag:quarantined`,
            `file:error`, `event:waiting`.
        oldest_ready: since when the longest waiting ready instance waits.
        most_overdue: when the run was due that is due the longest.
    """

    taken: tuple[Taken, ...] = ()
    pools: Mapping[str, int] = field(default_factory=dict)
    executors: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    oldest_ready: datetime | None = None
    most_overdue: datetime | None = None


def overview(conn: sa.Connection, *, now: datetime, sql_now: sa.ColumnElement[Any]) -> Overview:
    """Return how the system stands, with one statement.

    Arguments:
        now: what is due at this moment counts as overdue.
        sql_now: the instant at which a daemon's lease must not have expired to count as live.
    """
    taken: list[Taken] = []
    named: dict[str, dict[str, int]] = {"pool": {}, "executor": {}, "count": {}, "instant": {}}
    for kind, first, second, number, tasks in conn.execute(_statement(sql_now), {"now": now}):
        if kind in named:
            if number is not None:
                named[kind][first + second] = int(number)
        else:
            taken.append(Taken(kind, first, second, int(number or 0), int(tasks)))
    instants = {name: _INSTANT.process_result_value(value, conn.dialect) for name, value in named["instant"].items()}
    return Overview(
        tuple(taken),
        named["pool"],
        named["executor"],
        named["count"],
        oldest_ready=instants.get("ready"),
        most_overdue=instants.get("due"),
    )


_INSTANT = Instant()


def _statement(sql_now: sa.ColumnElement[Any]) -> sa.CompoundSelect[Any]:
    is_live = (daemon.c.ended_at.is_(None), daemon.c.expires_at > sql_now)
    executors = _row("executor", daemon.c.executor, _sum(daemon.c.slots)).where(daemon.c.kind == "worker", *is_live)
    daemons = _row("count", "daemon:", sa.func.count(), daemon.c.kind).where(*is_live)
    return sa.union_all(*_OF_TABLES, executors.group_by(daemon.c.executor), daemons.group_by(daemon.c.kind))


def _sum(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.func.sum(column), _number)


def _row(
    kind: str,
    first: sa.ColumnElement[Any] | str,
    number: sa.ColumnElement[Any],
    second: sa.ColumnElement[Any] = _NOTHING,
    tasks: sa.ColumnElement[Any] | None = None,
) -> sa.Select[Any]:
    """Return a part of the union: its kind, what it is about, and numbers."""
    about = _text(f"'{first}'") if isinstance(first, str) else first
    return sa.select(
        _text(f"'{kind}'").label("kind"),
        about.label("first"),
        second.label("second"),
        number.label("number"),
        (_text("0") if tasks is None else tasks).label("tasks"),
    )


def _of_state(state: str, condition: sa.ColumnElement[bool]) -> sa.Select[Any]:
    taken = _row(state, _ti.pool, _sum(_ti.pool_slots), _ti.executor, sa.func.count())
    return taken.where(condition, _ti.state == _text(f"'{state}'")).group_by(_ti.pool, _ti.executor)


def _instant(name: str, moment: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return _row("instant", name, sa.type_coerce(moment, _number))


_OF_TABLES = (
    _of_state("scheduled", waiting(_ti.state, "scheduled")),
    _of_state("queued", occupying(_ti.state)),
    _of_state("running", occupying(_ti.state)),
    _row("pool", pool.c.name, pool.c.slots),
    _row("count", "run:", sa.func.count(), _run.state).where(of_open_run(_run.state)).group_by(_run.state),
    _row("count", "dag:active", sa.func.count()).where(dag.c.is_active),
    _row("count", "dag:quarantined", sa.func.count()).where(dag.c.is_active, dag.c.quarantine.is_not(None)),
    _row("count", "file:error", sa.func.count()).where(dag_file.c.error.is_not(None), dag_file.c.is_present),
    _row("count", "event:waiting", sa.func.count(event_outbox.c.id)),
    _instant("ready", sa.func.min(_ti.scheduled_at)).where(among(_ti.state, "scheduled", "queued")),
    _instant("due", MOST_OVERDUE),
)

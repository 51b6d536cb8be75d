"""Statements on backfills: their dates, what of them is at work, and which of them have something to be done."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from tradewind.metadata.statements.states import among, equal
from tradewind.metadata.tables import backfill, backfill_date, dag_run

PENDING: Final = "pending"
OPEN: Final = "open"
SKIPPED: Final = "skipped"
_DATES_AT_ONCE: Final = 1000

_backfill = backfill.c
_date = backfill_date.c
_run = dag_run.c


@dataclass(frozen=True, slots=True)
class Backfill:
    """A backfill."""

    id: int
    dag_id: str
    first_date: datetime
    last_date: datetime
    conf: Mapping[str, Any]
    max_active_runs: int
    is_reverse: bool
    reprocess: str
    state: str
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class DateRow:
    """A date of a backfill, and its run as far as there is one."""

    position: int
    logical_date: datetime
    data_interval_start: datetime
    data_interval_end: datetime
    state: str
    run: int | None
    run_id: str | None
    run_state: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """The newest run of a logical date."""

    run: int
    run_id: str
    state: str


_ALL = sa.select(
    _backfill.id,
    _backfill.dag_id,
    _backfill.first_date,
    _backfill.last_date,
    _backfill.conf,
    _backfill.max_active_runs,
    _backfill.is_reverse,
    _backfill.reprocess,
    _backfill.state,
    _backfill.created_at,
    _backfill.ended_at,
)


def _dates(state: str) -> sa.Select[Any]:
    of_it = sa.and_(_date.backfill == _backfill.id, equal(_date.state, state))
    return sa.select(sa.literal(1)).select_from(backfill_date).where(of_it).correlate(backfill)


_AT_WORK = (
    sa.select(sa.func.count())
    .select_from(backfill_date)
    .join(dag_run, _run.id == _date.run)
    .where(_date.backfill == _backfill.id, equal(_date.state, OPEN), among(_run.state, "queued", "running"))
    .correlate(backfill)
    .scalar_subquery()
)
# Only rows of dates that are open are counted: at most as many as its limit, and those that ended since the last look
WITH_WORK: Final = sa.select(_backfill.id, _backfill.dag_id).where(
    equal(_backfill.state, "running"),
    sa.or_(sa.and_(sa.exists(_dates(PENDING)), _backfill.max_active_runs > _AT_WORK), _AT_WORK == 0),
)
"""Running backfills that have room for another run and a date that waits for one, or nothing at work any more."""
_WITH_WORK_FIRST = WITH_WORK.order_by(_backfill.id).limit(sa.bindparam("most"))
_LOCK = _ALL.where(_backfill.id == sa.bindparam("key")).with_for_update(skip_locked=True)
_DATES = (
    sa.select(
        _date.position,
        _date.logical_date,
        _date.data_interval_start,
        _date.data_interval_end,
        _date.state,
        _date.run,
        _run.run_id,
        _run.state.label("run_state"),
    )
    .join_from(backfill_date, dag_run, _run.id == _date.run, isouter=True)
    .where(_date.backfill == sa.bindparam("key"))
    .order_by(_date.position)
)
_OF_STATE = _DATES.where(_date.state == sa.bindparam("in_state")).limit(sa.bindparam("most"))
_NEWEST = (
    sa.select(_run.id, _run.run_id, _run.state)
    .where(
        _run.dag_id == sa.bindparam("of_dag"),
        _run.logical_date == sa.bindparam("of_date", type_=_run.logical_date.type),
    )
    .order_by(_run.id.desc())
    .limit(1)
)
_SET_DATE = (
    backfill_date.update()
    .where(_date.backfill == sa.bindparam("of_backfill"), _date.position == sa.bindparam("at"))
    .values(state=sa.bindparam("new_state"), run=sa.bindparam("new_run"))
)
_SKIP_PENDING = (
    backfill_date.update()
    .where(_date.backfill == sa.bindparam("of_backfill"), equal(_date.state, PENDING))
    .values(state=SKIPPED)
)
_COUNTS = (
    sa.select(_date.backfill, _date.state, sa.func.count())
    .where(_date.backfill.in_(sa.bindparam("keys", expanding=True)))
    .group_by(_date.backfill, _date.state)
)
_SET_STATE = (
    backfill.update()
    .where(_backfill.id == sa.bindparam("key"))
    .values(state=sa.bindparam("new_state"), ended_at=sa.bindparam("at", type_=_backfill.ended_at.type))
)


def add(conn: sa.Connection, row: Mapping[str, Any], dates: Sequence[Mapping[str, Any]]) -> None:
    """Insert a backfill and its dates."""
    conn.execute(backfill.insert(), dict(row))
    conn.execute(backfill_date.insert(), [dict(each) for each in dates])


def with_work(conn: sa.Connection, *, most: int) -> list[tuple[int, str]]:
    """Return the running backfills that have something to be done, and their DAGs."""
    return [(row[0], row[1]) for row in conn.execute(_WITH_WORK_FIRST, {"most": most})]


def lock(conn: sa.Connection, key: int) -> Backfill | None:
    """Lock a backfill; None where there is none, or somebody else is at it."""
    row = conn.execute(_LOCK, {"key": key}).first()
    return None if row is None else _read(row)


def get(conn: sa.Connection, key: int) -> Backfill | None:
    """Return a backfill."""
    row = conn.execute(_ALL.where(_backfill.id == key)).first()
    return None if row is None else _read(row)


def list_all(
    conn: sa.Connection,
    *,
    key: int | None = None,
    dag_id: str | None = None,
    only_open: bool = False,
    dags: Collection[str] | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[Backfill]:
    """Return backfills, the newest first.

    Arguments:
        key: this one only.
        dag_id: of this DAG only.
        only_open: those only that have not ended.
        dags: of these DAGs only; None for all.
    """
    query = _ALL.where(*_among(key, dag_id, dags, only_open=only_open)).order_by(_backfill.id.desc())
    return [_read(row) for row in conn.execute(query.limit(limit).offset(offset))]


def count(
    conn: sa.Connection,
    *,
    key: int | None = None,
    dag_id: str | None = None,
    only_open: bool = False,
    dags: Collection[str] | None = None,
) -> int:
    """Return how many backfills there are; see `list_all`."""
    which = _among(key, dag_id, dags, only_open=only_open)
    return int(conn.execute(sa.select(sa.func.count()).select_from(backfill).where(*which)).scalar_one())


def _among(
    key: int | None, dag_id: str | None, dags: Collection[str] | None, *, only_open: bool
) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if key is not None:
        found.append(_backfill.id == key)
    if dag_id is not None:
        found.append(_backfill.dag_id == dag_id)
    if only_open:
        found.append(_backfill.state.in_(("running", "paused")))
    if dags is not None:
        found.append(_backfill.dag_id.in_(sorted(dags)))
    return found


def dates(conn: sa.Connection, key: int, *, limit: int | None = None, offset: int = 0) -> list[DateRow]:
    """Return the dates of a backfill, in their order."""
    return [DateRow(*row) for row in conn.execute(_DATES.limit(limit).offset(offset), {"key": key})]


def dates_in(conn: sa.Connection, key: int, state: str, *, most: int) -> list[DateRow]:
    """Return the first dates of a backfill that are in a state."""
    return [DateRow(*row) for row in conn.execute(_OF_STATE, {"key": key, "in_state": state, "most": most})]


def newest_run(conn: sa.Connection, dag_id: str, logical_date: datetime) -> Found | None:
    """Return the newest run of a logical date."""
    row = conn.execute(_NEWEST, {"of_dag": dag_id, "of_date": logical_date}).first()
    return None if row is None else Found(*row)


def newest_runs(conn: sa.Connection, dag_id: str, dates: Sequence[datetime]) -> dict[datetime, Found]:
    """Return the newest run of each of these logical dates that has one, with a statement for each 1000 dates."""
    found: dict[datetime, Found] = {}
    for start in range(0, len(dates), _DATES_AT_ONCE):
        query = (
            sa.select(_run.logical_date, _run.id, _run.run_id, _run.state)
            .where(_run.dag_id == dag_id, _run.logical_date.in_(dates[start : start + _DATES_AT_ONCE]))
            .order_by(_run.id)
        )
        found |= {date: Found(*rest) for date, *rest in conn.execute(query)}
    return found


def set_date(conn: sa.Connection, key: int, position: int, *, state: str, run: int | None) -> None:
    """Write what became of a date."""
    conn.execute(_SET_DATE, {"of_backfill": key, "at": position, "new_state": state, "new_run": run})


def skip_pending(conn: sa.Connection, key: int) -> None:
    """Let the dates go that no run was made for."""
    conn.execute(_SKIP_PENDING, {"of_backfill": key})


def set_state(conn: sa.Connection, key: int, *, state: str, ended_at: datetime | None) -> None:
    """Write a backfill's state."""
    conn.execute(_SET_STATE, {"key": key, "new_state": state, "at": ended_at})


def counts(conn: sa.Connection, keys: Sequence[int]) -> dict[int, dict[str, int]]:
    """Return how many dates of these backfills are in which state."""
    found: dict[int, dict[str, int]] = {key: {} for key in keys}
    for key, state, count in conn.execute(_COUNTS, {"keys": list(keys)}):
        found[key][state] = count
    return found


def _read(row: Any) -> Backfill:
    return Backfill(**{**row._asdict(), "conf": json.loads(row.conf)})

"""Statements on DAG runs and their progress."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from tradewind.metadata.hot import Hot, HotRows, any_of
from tradewind.metadata.statements.states import of_open_run
from tradewind.metadata.tables import dag, dag_run, run_note, run_progress

BACKFILL: Final = "backfill"
"""The type of runs that backfills make. They and the DAG's other runs do not count for each other's limits."""

_run = dag_run.c
_progress = run_progress.c
_dag = dag.c


@dataclass(frozen=True, slots=True)
class Run:
    """A run, as much of it as transitions need."""

    id: int
    dag_id: str
    run_id: str
    version_id: int
    state: str
    run_type: str


@dataclass(frozen=True, slots=True)
class Gate:
    """What decides whether a queued run of a DAG may start, read under the lock of the DAG's row."""

    is_paused: bool
    max_active_runs: int
    running: int


_GET = sa.select(_run.id, _run.dag_id, _run.run_id, _run.version_id, _run.state, _run.run_type).where(
    _run.id == sa.bindparam("key")
)
_LOCK = _GET.with_for_update()
_SHARE = _GET.with_for_update(read=True, key_share=True)
_GATE = sa.select(_dag.is_paused, _dag.max_active_runs).where(_dag.dag_id == sa.bindparam("of_dag"))
_LOCK_DAG = Hot(_GATE.with_for_update())
_LOCK_FREE_DAG = Hot(_GATE.with_for_update(skip_locked=True))
_RUNNING = (_run.dag_id == sa.bindparam("of_dag"), of_open_run(_run.state, "running"))
_COUNT_RUNNING = Hot(sa.select(sa.func.count()).select_from(dag_run).where(*_RUNNING, _run.run_type != BACKFILL))
_COUNT_BACKFILLED = sa.select(sa.func.count()).select_from(dag_run).where(*_RUNNING, _run.run_type == BACKFILL)
_SET_STATE = Hot(
    dag_run.update()
    .where(_run.id == sa.bindparam("key"))
    .values(state=sa.bindparam("new_state"), ended_at=sa.bindparam("now"))
)
_START = (
    dag_run.update()
    .where(_run.id == sa.bindparam("key"))
    .values(
        state="running",
        started_at=sa.func.coalesce(_run.started_at, sa.bindparam("now", type_=_run.started_at.type)),
        ended_at=None,
    )
)
_REQUEUE = (
    dag_run.update()
    .where(_run.id == sa.bindparam("key"))
    .values(state="queued", queued_at=sa.bindparam("now", type_=_run.queued_at.type), ended_at=None)
)
_ADVANCE = Hot(
    run_progress.update()
    .where(_progress.run == sa.bindparam("key"))
    .values(unfinished=_progress.unfinished - sa.bindparam("ended"))
)
_SET_PROGRESS = (
    run_progress.update().where(_progress.run == sa.bindparam("key")).values(unfinished=sa.bindparam("counted"))
)
_AT_ZERO = Hot(
    sa.select(_progress.run, _run.started_at)
    .join_from(run_progress, dag_run, _run.id == _progress.run)
    # One that is closed may have a rest of a cascade left, which proves empty: it is not closed once more
    .where(any_of(_progress.run, "runs"), _progress.unfinished <= 0, of_open_run(_run.state, "running"))
    .order_by(_progress.run)
)
_STARTED_AT = sa.select(_run.started_at).where(_run.id == sa.bindparam("key"))
_ADD = HotRows(dag_run)
_ADD_PROGRESS = HotRows(run_progress)
_VERSION_OF = sa.select(_dag.version_id).where(_dag.dag_id == sa.bindparam("of_dag"))
_LAST_ENDS = (
    sa.select(_run.state)
    .where(_run.dag_id == sa.bindparam("of_dag"), _run.logical_date.is_not(None), _run.ended_at.is_not(None))
    .order_by(_run.logical_date.desc(), _run.id.desc())
    .limit(sa.bindparam("most"))
)
_PAUSE = dag.update().where(_dag.dag_id == sa.bindparam("of_dag")).values(is_paused=True)
_PROGRESS = sa.select(_progress.unfinished).where(_progress.run == sa.bindparam("key"))


def get(conn: sa.Connection, run: int) -> Run | None:
    """Return a run, unlocked."""
    row = conn.execute(_GET, {"key": run}).first()
    return Run(*row) if row else None


def lock(conn: sa.Connection, run: int) -> Run | None:
    """Lock a run exclusively: for clear, mark, expand, start and delete."""
    row = conn.execute(_LOCK, {"key": run}).first()
    return Run(*row) if row else None


def share(conn: sa.Connection, run: int) -> Run | None:
    """Lock a run against clear, mark, expand and delete, beside other ends."""
    row = conn.execute(_SHARE, {"key": run}).first()
    return Run(*row) if row else None


def gate(conn: sa.Connection, dag_id: str, *, run_type: str = "scheduled", waits: bool = True) -> Gate | None:
    """Lock the DAG's row and tell what its limit of active runs leaves; None when there is no such DAG.

    Arguments:
        run_type: of the run that is to start.
        waits: where false, the answer is None too when somebody else holds the lock.
    """
    rows = (_LOCK_DAG if waits else _LOCK_FREE_DAG).rows(conn, {"of_dag": dag_id})
    if not rows:
        return None
    if run_type == BACKFILL:
        running = conn.execute(_COUNT_BACKFILLED, {"of_dag": dag_id}).scalar_one()
    else:
        ((running,),) = _COUNT_RUNNING.rows(conn, {"of_dag": dag_id})
    is_paused, max_active_runs = rows[0]
    return Gate(is_paused, max_active_runs, running)


def version_of(conn: sa.Connection, dag_id: str) -> int | None:
    """Return the version that new runs of a DAG get; lock its row before (`gate`). None where there is no such DAG."""
    found: int | None = conn.execute(_VERSION_OF, {"of_dag": dag_id}).scalar_one_or_none()
    return found


def last_ends(conn: sa.Connection, dag_id: str, most: int) -> list[str]:
    """Return how the last runs of a DAG ended, the one with the latest logical date first."""
    return list(conn.execute(_LAST_ENDS, {"of_dag": dag_id, "most": most}).scalars())


def pause(conn: sa.Connection, dag_id: str) -> None:
    """Pause a DAG whose row the transaction has locked."""
    conn.execute(_PAUSE, {"of_dag": dag_id})


def add(conn: sa.Connection, row: Mapping[str, Any], *, unfinished: int) -> None:
    """Insert a run and its progress."""
    _ADD.run(conn, [row])
    _ADD_PROGRESS.run(conn, [{"run": row["id"], "unfinished": unfinished}])


def start(conn: sa.Connection, run: int, *, now: datetime) -> None:
    """Mark a run as running."""
    conn.execute(_START, {"key": run, "now": now})


def close(conn: sa.Connection, run: int, *, state: str, now: datetime) -> None:
    """Write a run's end state."""
    _SET_STATE.run(conn, {"key": run, "new_state": state, "now": now})


def requeue(conn: sa.Connection, run: int, *, now: datetime) -> None:
    """Queue a run again, after a clear: it starts when its DAG has room."""
    conn.execute(_REQUEUE, {"key": run, "now": now})


def advance(conn: sa.Connection, ended: Mapping[int, int]) -> None:
    """Subtract newly ended instances from their runs' progress, in the order of the runs."""
    for run in sorted(ended):  # one by one: a statement over several would lock them in an order of its own
        _ADVANCE.run(conn, {"key": run, "ended": ended[run]})


def set_progress(conn: sa.Connection, run: int, unfinished: int) -> None:
    """Write a recounted progress."""
    conn.execute(_SET_PROGRESS, {"key": run, "counted": unfinished})


def at_zero(conn: sa.Connection, runs: Iterable[int]) -> list[tuple[int, datetime | None]]:
    """Return those of `runs` that are running with nothing unfinished, in order, and when each started."""
    return [(row[0], row[1]) for row in _AT_ZERO.rows(conn, {"runs": sorted(runs)})]


def started_at(conn: sa.Connection, run: int) -> datetime | None:
    """Return when a run started, None for one that has not."""
    found: datetime | None = conn.execute(_STARTED_AT, {"key": run}).scalar_one()
    return found


def unfinished(conn: sa.Connection, run: int) -> int:
    """Return a run's stored progress."""
    count: int = conn.execute(_PROGRESS, {"key": run}).scalar_one()
    return count


def write_note(conn: sa.Connection, run: int, note: str) -> None:
    """Write what somebody says of a new run."""
    conn.execute(run_note.insert(), {"run": run, "note": note})

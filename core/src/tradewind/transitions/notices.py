"""Notices of ends, written in the transaction of the end itself where somebody listens; nothing where nobody does.

Whether somebody does was decided when the process started, from what the plugins declare: no plugin is imported here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from tradewind.metadata.statements import outbox
from tradewind.metadata.statements.instances import LockedInstance
from tradewind.transitions.recording import Recorded
from tradewind.transitions.states import ENDED

DAG_RUN_ENDED: Final = "on_dag_run_ended"
TASK_INSTANCE_ENDED: Final = "on_task_instance_ended"


def tries_ended(conn: sa.Connection, newly: Iterable[Recorded]) -> None:
    """Note the instances that their tries ended."""
    if outbox.is_listened(conn, TASK_INSTANCE_ENDED):
        ends = [each for each in newly if each.is_end]
        outbox.add(conn, [_of_row(each.row, each.state, each.outcome.ended_at, each.outcome.cause) for each in ends])


def decided(
    conn: sa.Connection, rows: Mapping[str, Sequence[LockedInstance]], *, now: datetime, cause: str | None = None
) -> None:
    """Note the instances, by end state, that ended without a try; upstream first."""
    if outbox.is_listened(conn, TASK_INSTANCE_ENDED):
        ends = [(row, state) for state, ended in rows.items() for row in ended]
        ends.sort(key=lambda end: (end[0].run, end[0].rank, end[0].map_index))
        outbox.add(conn, [_of_row(row, state, now, cause) for row, state in ends])


def made(conn: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Note those of newly inserted instances that were decided before anything ran."""
    if outbox.is_listened(conn, TASK_INSTANCE_ENDED):
        outbox.add(conn, [_notice(**_instance(row)) for row in rows if row["state"] in ENDED])


def run_ended(conn: sa.Connection, run: int, *, state: str, now: datetime) -> None:
    """Note the end of a run, after those of its tasks."""
    if outbox.is_listened(conn, DAG_RUN_ENDED):
        outbox.add(conn, [_notice(DAG_RUN_ENDED, run=run, state=state, ended_at=now)])


def _of_row(row: LockedInstance, state: str, ended_at: datetime, cause: str | None) -> dict[str, Any]:
    return _notice(
        run=row.run,
        task_id=row.task_id,
        map_index=row.map_index,
        try_number=row.try_number,
        state=state,
        cause=cause,
        ended_at=ended_at,
    )


def _instance(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("run", "task_id", "map_index", "try_number", "state", "ended_at")}


def _notice(
    kind: str = TASK_INSTANCE_ENDED,
    *,
    run: int,
    state: str,
    ended_at: datetime,
    task_id: str | None = None,
    map_index: int | None = None,
    try_number: int | None = None,
    cause: str | None = None,
) -> dict[str, Any]:
    return {
        "run": run,
        "kind": kind,
        "task_id": task_id,
        "map_index": map_index,
        "try_number": try_number,
        "state": state,
        "cause": cause,
        "ended_at": ended_at,
    }

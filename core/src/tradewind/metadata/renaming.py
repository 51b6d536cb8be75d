"""Renaming a DAG with its history: runs, versions, XComs, holds and backfills are those of the new id from then on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from tradewind_plugins.exceptions import DagNotFound, TradewindException
from tradewind_plugins.task_node import check_id

from tradewind.metadata.statements import backfills, renaming, roles

OPEN: Final = ("queued", "running")
NAMED: Final = 3


class UnfinishedError(TradewindException):
    """Something of the DAG is under way."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """What a rename did: how many runs have the new id, and whether a DAG of that id was there, made by its file."""

    runs: int
    was_there: bool


def rename_dag(conn: sa.Connection, old: str, new: str) -> Renamed:
    """Give a DAG and its history another id, in one transaction.

    The DAG's file says the new id before or after: where it says so already, the DAG that it made takes the history over.

    Raises:
        DagNotFound: there is no DAG of the old id.
        UnfinishedError: a run or a backfill of it has not ended.
        TradewindException: the new id is none, or has a history of its own.
    """
    check_id(new, "dag_id")
    if old == new:
        raise TradewindException(f"DAG {old!r} has that id already.")
    rows = renaming.lock(conn, [old, new])
    if old not in rows:
        raise DagNotFound(f"There is no DAG {old!r}: `tradewind dags list` shows all.")
    runs = renaming.lock_runs(conn, old)
    _require_ended(conn, old, [name for _, name, state in runs if state in OPEN])
    if renaming.lock_runs(conn, new):
        raise TradewindException(
            f"DAG {new!r} has runs of its own, and a history cannot be mixed into another: choose another id, or "
            f"`tradewind dags delete {new}` first."
        )
    was_there = new in rows
    if was_there:
        renaming.number_after(conn, old, new)
    renaming.move_history(conn, old, new, [key for key, _, _ in runs])
    roles.rename_of_dag(conn, old, new)
    if was_there:
        renaming.replace(conn, rows[old], rows[new])
    else:
        renaming.rename(conn, old, new)
    return Renamed(len(runs), was_there)


def _require_ended(conn: sa.Connection, dag_id: str, unfinished: list[str]) -> None:
    if unfinished:
        more = f" and {len(unfinished) - NAMED} more" if len(unfinished) > NAMED else ""
        raise UnfinishedError(
            f"DAG {dag_id!r} is not renamed while runs of it have not ended: {', '.join(unfinished[:NAMED])}{more}. Pause it "
            "and wait, or mark them."
        )
    for each in backfills.list_all(conn, dag_id=dag_id, only_open=True):
        raise UnfinishedError(
            f"DAG {dag_id!r} is not renamed while backfill {each.id} is {each.state}: wait for its end, or "
            f"`tradewind backfill cancel {each.id}`."
        )

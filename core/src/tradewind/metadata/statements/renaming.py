"""Statements that give the history of a DAG another id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.access_tables import audit_event
from tradewind.metadata.tables import (
    asset_event,
    asset_queue,
    asset_reference,
    asset_watcher,
    backfill,
    dag,
    dag_listing,
    dag_run,
    dag_version,
    hold,
    task_instance,
    task_limit,
)

RUNS_AT_ONCE = 1000
OF_FILE = (asset_reference, asset_watcher, dag_listing, task_limit)
"""What the processor writes with a DAG's newest version, and so anew when the file says the new id."""
HISTORY = (asset_event, audit_event, backfill, dag_version, hold)


def lock(conn: sa.Connection, dag_ids: Sequence[str]) -> dict[str, Any]:
    """Lock the rows of DAGs, and return those that there are by their ids."""
    query = sa.select(dag).where(dag.c.dag_id.in_(sorted(dag_ids))).order_by(dag.c.dag_id).with_for_update()
    return {row.dag_id: row for row in conn.execute(query)}


def lock_runs(conn: sa.Connection, dag_id: str) -> list[tuple[int, str, str]]:
    """Lock all runs of a DAG, in their order, and return the key, the name and the state of each."""
    query = sa.select(dag_run.c.id, dag_run.c.run_id, dag_run.c.state).where(dag_run.c.dag_id == dag_id)
    return [(row[0], row[1], row[2]) for row in conn.execute(query.order_by(dag_run.c.id).with_for_update())]


def move_history(conn: sa.Connection, old: str, new: str, runs: Sequence[int]) -> None:
    """Give runs, their instances, versions, holds, backfills and told events of a DAG another id.

    Arguments:
        runs: the keys of all its runs, which are locked.
    """
    # By their keys, not by a subquery: for that MariaDB reads, and locks, the whole table
    for start in range(0, len(runs), RUNS_AT_ONCE):
        part = runs[start : start + RUNS_AT_ONCE]
        conn.execute(sa.update(task_instance).where(task_instance.c.run.in_(part)).values(dag_id=new))
    for table in (*HISTORY, dag_run):
        conn.execute(sa.update(table).where(table.c.dag_id == old).values(dag_id=new))


def rename(conn: sa.Connection, old: str, new: str) -> None:
    """Give the DAG's own row another id, with what its file and its assets say of it; nobody has that id.

    No file makes a DAG of that id yet, and the version's code would make runs of the old one: it counts as gone until then.
    """
    for table in (asset_queue, *OF_FILE):
        conn.execute(sa.update(table).where(table.c.dag_id == old).values(dag_id=new))
    conn.execute(sa.update(dag).where(dag.c.dag_id == old).values(dag_id=new, is_active=False, due_at=None))


def replace(conn: sa.Connection, old: Any, new: Any) -> None:
    """Delete the row of a DAG whose history another one takes over, which goes on where it stopped.

    Arguments:
        old, new: their rows of `dag`.
    """
    follows = old.schedule == new.schedule and old.due_at is not None
    timing = {"next_run": old.next_run, "due_at": old.due_at} if follows else {}
    conn.execute(sa.update(dag).where(dag.c.dag_id == new.dag_id).values(is_paused=old.is_paused, **timing))
    known = list(conn.execute(sa.select(asset_queue.c.event).where(asset_queue.c.dag_id == new.dag_id)).scalars())
    waits = sa.update(asset_queue).where(asset_queue.c.dag_id == old.dag_id, asset_queue.c.event.not_in(known))
    conn.execute(waits.values(dag_id=new.dag_id))
    for table in (asset_queue, dag, *OF_FILE):
        conn.execute(sa.delete(table).where(table.c.dag_id == old.dag_id))


def number_after(conn: sa.Connection, old: str, new: str) -> None:
    """Number the versions of one DAG behind those of another."""
    newest = conn.execute(sa.select(sa.func.max(dag_version.c.number)).where(dag_version.c.dag_id == old)).scalar_one()
    query = sa.select(dag_version.c.id, dag_version.c.number).where(dag_version.c.dag_id == new)
    # The last first: no two may have the same number at any time
    for key, number in conn.execute(query.order_by(dag_version.c.number.desc())).all():
        conn.execute(sa.update(dag_version).where(dag_version.c.id == key).values(number=number + (newest or 0)))

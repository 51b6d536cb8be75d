"""Statements that find and delete what is over. A run that has not ended keeps every row of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.tables import (
    asset_event,
    asset_queue,
    asset_reference,
    asset_run,
    asset_watcher,
    backfill,
    backfill_date,
    callback,
    continuation,
    daemon,
    dag,
    dag_file,
    dag_listing,
    dag_run,
    dag_version,
    deadline,
    deferral,
    event_outbox,
    hold,
    instance_label,
    past_gate,
    run_note,
    run_parent,
    run_progress,
    task_counter,
    task_instance,
    task_limit,
    task_try,
    xcom,
)

BY_RUN = (
    xcom,
    continuation,
    past_gate,
    event_outbox,
    callback,
    deadline,
    run_parent,
    asset_run,
    run_note,
    run_progress,
    hold,
)
BY_INSTANCE = (task_counter, task_try, deferral, instance_label)
_INSTANCE = re.compile(r"instance=(\d+)/")
_before = sa.bindparam("before", type_=dag_run.c.ended_at.type)
_newer = dag_run.alias("newer")
# The last scheduled run of each DAG says where its schedule is: it stays.
_HAS_ENDED = sa.and_(
    dag_run.c.state.in_(["success", "failed"]),
    dag_run.c.ended_at < _before,
)
_IS_LAST_SCHEDULED = sa.and_(
    dag_run.c.run_type == "scheduled",
    ~sa.exists(
        sa.select(_newer.c.id).where(
            _newer.c.dag_id == dag_run.c.dag_id,
            _newer.c.run_type == "scheduled",
            _newer.c.data_interval_end > dag_run.c.data_interval_end,
        )
    ),
)
_of_ended_run = sa.select(dag_run.c.id).where(dag_run.c.state.in_(["success", "failed"]))
_CONDITIONS: dict[str, sa.ColumnElement[bool]] = {
    "dag_run": sa.and_(_HAS_ENDED, ~_IS_LAST_SCHEDULED),
    "xcom": sa.and_(xcom.c.pushed_at < _before, xcom.c.run.in_(_of_ended_run)),
    "dag_version": sa.and_(
        dag_version.c.created_at < _before,
        ~sa.exists(sa.select(dag_run.c.id).where(dag_run.c.version_id == dag_version.c.id)),
        ~sa.exists(sa.select(dag.c.dag_id).where(dag.c.version_id == dag_version.c.id)),
    ),
    "daemon": sa.and_(
        daemon.c.ended_at < _before,
        ~sa.exists(
            sa.select(task_instance.c.id).where(
                task_instance.c.worker == daemon.c.id, task_instance.c.state == sa.literal_column("'running'")
            )
        ),
    ),
    "backfill": backfill.c.ended_at < _before,
    "asset_event": sa.and_(
        asset_event.c.at < _before,
        ~sa.exists(sa.select(asset_queue.c.event).where(asset_queue.c.event == asset_event.c.id)),
    ),
    "dag_file": sa.and_(dag_file.c.parsed_at < _before, dag_file.c.is_present.is_(False)),
}
TABLES = {table.name: table for table in (dag_run, xcom, dag_version, daemon, dag_file, backfill, asset_event)}
"""What can be cleaned by itself, in this order; a run takes its own rows with it."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """What one transaction deleted: rows of the table itself, and references of XComs whose values lie in a storage."""

    rows: int
    references: tuple[str, ...] = field(default=())


def count(conn: sa.Connection, table: str, before: datetime) -> tuple[int, int]:
    """Return how many rows would be deleted, and how many there are."""
    of = TABLES[table]
    doomed = conn.execute(
        sa.select(sa.func.count()).select_from(of).where(_CONDITIONS[table]), {"before": before}
    ).scalar_one()
    return doomed, conn.execute(sa.select(sa.func.count()).select_from(of)).scalar_one()


def delete_some(conn: sa.Connection, table: str, before: datetime, *, most: int) -> Deleted:
    """Delete at most `most` rows, with all that is theirs; what another transaction holds is left for another time."""
    of = TABLES[table]
    keys = list(of.primary_key.columns)
    query = sa.select(*keys).where(_CONDITIONS[table]).order_by(*keys).limit(most).with_for_update(skip_locked=True)
    found = [tuple(row) for row in conn.execute(query, {"before": before})]
    if not found:
        return Deleted(0)
    references = _with_its_own(conn, table, found)
    wanted = keys[0].in_([key for (key,) in found]) if len(keys) == 1 else sa.tuple_(*keys).in_(found)
    conn.execute(sa.delete(of).where(wanted))
    return Deleted(len(found), references)


def _with_its_own(conn: sa.Connection, table: str, found: Sequence[tuple[Any, ...]]) -> tuple[str, ...]:
    if table == "xcom":
        stored = sa.select(xcom.c.storage).where(
            sa.tuple_(*xcom.primary_key.columns).in_(found), xcom.c.storage.is_not(None)
        )
        return tuple(conn.execute(stored).scalars())
    if table == "backfill":
        conn.execute(sa.delete(backfill_date).where(backfill_date.c.backfill.in_([key for (key,) in found])))
    if table != "dag_run":
        return ()
    runs = [key for (key,) in found]
    stored = sa.select(xcom.c.storage).where(xcom.c.run.in_(runs), xcom.c.storage.is_not(None))
    references = tuple(conn.execute(stored).scalars())
    instances = sa.select(task_instance.c.id).where(task_instance.c.run.in_(runs))
    for each in BY_INSTANCE:
        conn.execute(sa.delete(each).where(each.c.instance.in_(instances)))
    for each in BY_RUN:
        conn.execute(sa.delete(each).where(each.c.run.in_(runs)))
    conn.execute(sa.delete(task_instance).where(task_instance.c.run.in_(runs)))
    return references


def close_dag(conn: sa.Connection, dag_id: str) -> list[str]:
    """Lock a DAG and pause it, so that nothing of it begins; return the ids of its runs that have not ended."""
    conn.execute(sa.select(dag.c.dag_id).where(dag.c.dag_id == dag_id).with_for_update())
    conn.execute(sa.update(dag).where(dag.c.dag_id == dag_id).values(is_paused=True))
    is_open = sa.select(dag_run.c.run_id).where(dag_run.c.dag_id == dag_id, dag_run.c.state.in_(["queued", "running"]))
    return list(conn.execute(is_open.order_by(dag_run.c.id)).scalars())


def delete_runs(conn: sa.Connection, dag_id: str, *, most: int) -> Deleted:
    """Delete at most `most` ended runs of a DAG with all that is theirs."""
    query = sa.select(dag_run.c.id).where(dag_run.c.dag_id == dag_id, dag_run.c.state.in_(["success", "failed"]))
    found = [(key,) for key in conn.execute(query.order_by(dag_run.c.id).limit(most).with_for_update()).scalars()]
    if not found:
        return Deleted(0)
    references = _with_its_own(conn, "dag_run", found)
    conn.execute(sa.delete(dag_run).where(dag_run.c.id.in_([key for (key,) in found])))
    return Deleted(len(found), references)


def delete_dag(conn: sa.Connection, dag_id: str) -> bool:
    """Delete a DAG without runs: its old versions, and where its file is gone also itself; tell whether it is gone."""
    row = conn.execute(
        sa.select(dag.c.version_id, dag.c.is_active).where(dag.c.dag_id == dag_id).with_for_update()
    ).one()
    of_dag = dag_version.c.dag_id == dag_id
    if row.is_active:
        conn.execute(sa.delete(dag_version).where(of_dag, dag_version.c.id != row.version_id))
        return False
    conn.execute(sa.delete(dag_version).where(of_dag))
    of_backfills = sa.select(backfill.c.id).where(backfill.c.dag_id == dag_id)
    conn.execute(sa.delete(backfill_date).where(backfill_date.c.backfill.in_(of_backfills)))
    conn.execute(sa.delete(backfill).where(backfill.c.dag_id == dag_id))
    for each in (hold, task_limit, asset_reference, asset_watcher, asset_queue, dag_listing):
        conn.execute(sa.delete(each).where(each.c.dag_id == dag_id))
    conn.execute(sa.delete(dag).where(dag.c.dag_id == dag_id))
    return True


def orphans(conn: sa.Connection, references: Iterable[str]) -> list[str]:
    """Return those references that nothing needs: no XCom has them, and their instance is not of an open run.

    A value is stored before its row is written, by a try of a run that is open.
    """
    by_instance = {each: int(match[1]) for each in references if (match := _INSTANCE.match(each))}
    used = set(conn.execute(sa.select(xcom.c.storage).where(xcom.c.storage.in_(list(by_instance)))).scalars())
    is_open = (
        sa.select(task_instance.c.id)
        .join_from(task_instance, dag_run, dag_run.c.id == task_instance.c.run)
        .where(task_instance.c.id.in_(set(by_instance.values())), dag_run.c.state.in_(["queued", "running"]))
    )
    busy = set(conn.execute(is_open).scalars())
    return [each for each, instance in by_instance.items() if each not in used and instance not in busy]

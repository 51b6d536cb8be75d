"""Statements that find and delete what is over. A run that has not ended keeps every row of its own."""

from __future__ import annotations

import bisect
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements import roles
from tradewind.metadata.statements.retention import ENDED, RULES, Limits, condition
from tradewind.metadata.tables import (
    asset_queue,
    asset_reference,
    asset_run,
    asset_watcher,
    backfill,
    backfill_date,
    callback,
    continuation,
    dag,
    dag_listing,
    dag_run,
    dag_version,
    deadline,
    deferral,
    dispatch,
    event_outbox,
    hold,
    instance_label,
    instance_note,
    past_gate,
    run_note,
    run_parent,
    run_progress,
    stopped_try,
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
BY_INSTANCE = (task_counter, task_try, stopped_try, dispatch, deferral, instance_label, instance_note)
_KEY = re.compile(r"(?:@[^/]*/)?(instance=(\d+)/.*)", re.DOTALL)
"""A reference to a stored value: perhaps the name of its storage, then its key there."""
TABLES = {name: rule.table for name, rule in RULES.items()}
"""What can be cleaned by itself, in this order."""
INSTANCES_AT_ONCE = 5000
_Keys = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Deleted:
    """What one transaction deleted.

    Arguments:
        rows: of the table itself.
        references: of XComs whose values lie in a storage.
        by_dag: rows by DAG; "" for those that belong to none.
        runs: DAG and name of each run that went.
        dags: DAGs that went as a whole.
    """

    rows: int
    references: tuple[str, ...] = field(default=())
    by_dag: Mapping[str, int] = field(default_factory=dict)
    runs: tuple[tuple[str, str], ...] = ()
    dags: tuple[str, ...] = ()


def count(conn: sa.Connection, table: str, limits: Limits) -> tuple[int, int]:
    """Return how many rows would be deleted, and how many there are."""
    of = TABLES[table]
    doomed = conn.execute(
        sa.select(sa.func.count()).select_from(of).where(condition(table, limits)), limits.values()
    ).scalar_one()
    return doomed, conn.execute(sa.select(sa.func.count()).select_from(of)).scalar_one()


def delete_some(conn: sa.Connection, table: str, limits: Limits, *, most: int) -> Deleted:
    """Delete at most `most` rows, with all that is theirs; what another transaction holds is left for another time.

    Of runs so many are taken that they have no more than a few thousand task instances, but one at least. Of a DAG whose file
    is gone runs are deleted first: it counts as a row when it has none any more.
    """
    if table == "dag":
        return _delete_from_stale(conn, limits, most)
    of = TABLES[table]
    keys = list(of.primary_key.columns)
    query = sa.select(*keys, RULES[table].dag_id).where(condition(table, limits)).order_by(*keys).limit(most)
    rows = [tuple(row) for row in conn.execute(query.with_for_update(skip_locked=True), limits.values())]
    if not rows:
        return Deleted(0)
    if table == "dag_run":
        return _delete_runs(conn, [key for key, _ in rows])
    found: _Keys = [row[:-1] for row in rows]
    references = _with_its_own(conn, table, found)
    wanted = keys[0].in_([key for (key,) in found]) if len(keys) == 1 else sa.tuple_(*keys).in_(found)
    conn.execute(sa.delete(of).where(wanted))
    return Deleted(len(rows), references, dict(sorted(Counter(row[-1] or "" for row in rows).items())))


def _with_its_own(conn: sa.Connection, table: str, found: _Keys) -> tuple[str, ...]:
    if table == "xcom":
        stored = sa.select(xcom.c.storage).where(
            sa.tuple_(*xcom.primary_key.columns).in_(found), xcom.c.storage.is_not(None)
        )
        return tuple(conn.execute(stored).scalars())
    if table == "backfill":
        conn.execute(sa.delete(backfill_date).where(backfill_date.c.backfill.in_([key for (key,) in found])))
    return ()


def _delete_runs(conn: sa.Connection, locked: Sequence[int]) -> Deleted:
    """Delete the first of these runs, which the caller has locked, with all that is theirs."""
    runs = _few_enough(conn, locked)
    stored = sa.select(xcom.c.storage).where(xcom.c.run.in_(runs), xcom.c.storage.is_not(None))
    references = tuple(conn.execute(stored).scalars())
    names = sa.select(dag_run.c.dag_id, dag_run.c.run_id).where(dag_run.c.id.in_(runs)).order_by(dag_run.c.id)
    named = tuple((row.dag_id, row.run_id) for row in conn.execute(names))
    instances = list(conn.execute(sa.select(task_instance.c.id).where(task_instance.c.run.in_(runs))).scalars())
    # By their ids, not by a subquery: for that MariaDB reads, and locks, the whole table
    for start in range(0, len(instances), INSTANCES_AT_ONCE):
        part = instances[start : start + INSTANCES_AT_ONCE]
        for each in (*BY_INSTANCE, run_parent):  # of runs that these have made, too
            conn.execute(sa.delete(each).where(each.c.instance.in_(part)))
    for each in BY_RUN:
        conn.execute(sa.delete(each).where(each.c.run.in_(runs)))
    conn.execute(sa.delete(task_instance).where(task_instance.c.run.in_(runs)))
    conn.execute(sa.delete(dag_run).where(dag_run.c.id.in_(runs)))
    return Deleted(len(runs), references, dict(sorted(Counter(dag_id for dag_id, _ in named).items())), named)


def _few_enough(conn: sa.Connection, runs: Sequence[int]) -> list[int]:
    """Return the first of these runs, so many that they have not too many task instances for one transaction."""
    of_run = task_instance.c.run
    query = sa.select(of_run, sa.func.count()).where(of_run.in_(runs)).group_by(of_run).order_by(of_run)
    sizes = {row[0]: row[1] for row in conn.execute(query)}
    sums = list(itertools.accumulate(sizes.get(run, 0) for run in runs))
    return list(runs[: max(1, bisect.bisect_right(sums, INSTANCES_AT_ONCE))])


def _delete_from_stale(conn: sa.Connection, limits: Limits, most: int) -> Deleted:
    """Delete runs of the first DAG that is stale, and the DAG with them where these were the last."""
    query = sa.select(dag.c.dag_id).where(condition("dag", limits)).order_by(dag.c.dag_id).limit(1)
    dag_id = conn.execute(query.with_for_update(skip_locked=True), limits.values()).scalar_one_or_none()
    if dag_id is None:
        return Deleted(0)
    done = delete_runs(conn, dag_id, most=most)
    if done.rows or not delete_dag(conn, dag_id):
        return done
    return Deleted(1, by_dag={dag_id: 1}, dags=(dag_id,))


def close_dag(conn: sa.Connection, dag_id: str) -> list[str]:
    """Lock a DAG and pause it, so that nothing of it begins; return the ids of its runs that have not ended."""
    conn.execute(sa.select(dag.c.dag_id).where(dag.c.dag_id == dag_id).with_for_update())
    conn.execute(sa.update(dag).where(dag.c.dag_id == dag_id).values(is_paused=True))
    is_open = sa.select(dag_run.c.run_id).where(dag_run.c.dag_id == dag_id, dag_run.c.state.in_(["queued", "running"]))
    return list(conn.execute(is_open.order_by(dag_run.c.id)).scalars())


def delete_runs(conn: sa.Connection, dag_id: str, *, most: int) -> Deleted:
    """Delete at most `most` ended runs of a DAG with all that is theirs."""
    query = sa.select(dag_run.c.id).where(dag_run.c.dag_id == dag_id, dag_run.c.state.in_(ENDED))
    found = list(conn.execute(query.order_by(dag_run.c.id).limit(most).with_for_update()).scalars())
    return _delete_runs(conn, found) if found else Deleted(0)


def delete_run(conn: sa.Connection, run: int) -> Deleted | None:
    """Delete a run with all that is its; None, and nothing, for one that has not ended or is not there."""
    query = sa.select(dag_run.c.id).where(dag_run.c.id == run, dag_run.c.state.in_(ENDED))
    found = conn.execute(query.with_for_update()).scalar_one_or_none()
    return None if found is None else _delete_runs(conn, [found])


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
    roles.delete_of_dag(conn, dag_id)
    conn.execute(sa.delete(dag).where(dag.c.dag_id == dag_id))
    return True


def orphans(conn: sa.Connection, references: Iterable[str]) -> list[str]:
    """Return those references that nothing needs: no XCom has them, and their instance is not of an open run.

    A value is stored before its row is written, by a try of a run that is open. What an XCom has under another name of a
    storage is needed too: two names may lead to one place, and a name may have been changed.
    """
    found = {each: match for each in references if (match := _KEY.fullmatch(each))}
    by_instance = {each: int(match[2]) for each, match in found.items()}
    used = set(conn.execute(sa.select(xcom.c.storage).where(xcom.c.storage.in_(list(by_instance)))).scalars())
    pushed_by = sa.and_(*(xcom.c[name] == task_instance.c[name] for name in ("run", "task_id", "map_index")))
    of_instances = (
        sa.select(xcom.c.storage)
        .join_from(task_instance, xcom, pushed_by)
        .where(task_instance.c.id.in_(set(by_instance.values())), xcom.c.storage.is_not(None))
    )
    used_keys = {match[1] for each in conn.execute(of_instances).scalars() if (match := _KEY.fullmatch(each))}
    is_open = (
        sa.select(task_instance.c.id)
        .join_from(task_instance, dag_run, dag_run.c.id == task_instance.c.run)
        .where(task_instance.c.id.in_(set(by_instance.values())), dag_run.c.state.in_(["queued", "running"]))
    )
    busy = set(conn.execute(is_open).scalars())
    return [
        each
        for each, instance in by_instance.items()
        if each not in used and found[each][1] not in used_keys and instance not in busy
    ]

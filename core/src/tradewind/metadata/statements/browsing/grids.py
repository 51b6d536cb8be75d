"""What pages draw: the last runs of DAGs, and the states of tasks in them, already counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.dialects import POSTGRESQL
from tradewind.metadata.tables import BigInt, dag_run, dag_version, task_instance

_run = dag_run.c
_task = task_instance.c
_COLUMNS = (
    _run.id,
    _run.dag_id,
    _run.run_id,
    _run.run_type,
    _run.state,
    _run.version_id,
    _run.logical_date,
    _run.queued_at,
    _run.started_at,
    _run.ended_at,
)
_NEWEST = (_run.logical_date.desc(), _run.id.desc())


def last_runs(connection: sa.Connection, dag_ids: Sequence[str], *, most: int) -> Mapping[str, Sequence[Any]]:
    """Return the runs of DAGs with the latest logical dates, at most `most` of each, the oldest of them first.

    One statement reads `most` entries of an index for each DAG, however many runs there are.
    """
    if not dag_ids:
        return {}
    parts = [
        sa.select(sa.select(*_COLUMNS).where(_run.dag_id == each).order_by(*_NEWEST).limit(most).subquery())
        for each in dag_ids
    ]
    found: dict[str, list[Any]] = {each: [] for each in dag_ids}
    for row in connection.execute(sa.union_all(*parts)):
        found[row.dag_id].append(row)
    return {dag_id: sorted(rows, key=_by_date) for dag_id, rows in found.items()}


def _by_date(row: Any) -> tuple[bool, Any, int]:
    return (row.logical_date is not None, row.logical_date, row.id)


def runs(connection: sa.Connection, dag_id: str, *, most: int, until: int | None = None) -> Sequence[Any]:
    """Return the runs of a DAG with the latest logical dates, the oldest of them first, each with its version's `number`.

    Arguments:
        most: how many at most.
        until: the key of a run that is to be the last of them; None for the newest.
    """
    query = (
        sa.select(*_COLUMNS, dag_version.c.number)
        .select_from(dag_run.outerjoin(dag_version, dag_version.c.id == _run.version_id))
        .where(_run.dag_id == dag_id)
    )
    if until is not None:
        last = sa.select(_run.logical_date).where(_run.id == until).scalar_subquery()
        query = query.where((_run.logical_date < last) | ((_run.logical_date == last) & (_run.id <= until)))
    return connection.execute(query.order_by(*_NEWEST).limit(most)).all()[::-1]


def cells(connection: sa.Connection, runs: Collection[int], task_ids: Collection[str]) -> Sequence[Any]:
    """Return for runs and tasks how many instances are in which state.

    Rows: run, task id, state, number, and of these instances the first start, the last end, both in microseconds since 1970, the
    highest try, and how many have ended. Of a task that is not mapped there is one row for each run.
    """
    if not runs or not task_ids:
        return []
    query = _counted(_task.task_id).where(_task.run.in_(sorted(runs)), _task.task_id.in_(sorted(task_ids)))
    return connection.execute(query).all()


def cells_of_groups(connection: sa.Connection, runs: Collection[int], prefixes: Collection[str]) -> Sequence[Any]:
    """Return the same for all tasks together whose ids begin with a group's id and a dot, with the group's id for the task's.

    For groups of thousands of tasks, which are counted where they are.
    """
    if not runs or not prefixes:
        return []
    position = sa.func.strpos if connection.dialect.name == POSTGRESQL else sa.func.instr
    prefix = sa.func.substr(_task.task_id, 1, position(_task.task_id, ".") - 1)
    wanted = sorted(prefixes)
    # The range spares what lies before and after them; which of the rest is theirs, the groups tell
    within = _task.task_id.between(f"{wanted[0]}.", f"{wanted[-1]}/")
    query = _counted(prefix.label("task_id")).where(_task.run.in_(sorted(runs)), within)
    found = connection.execute(query).all()
    kept = frozenset(prefixes)
    return [row for row in found if row[1] in kept]


def _counted(name: sa.ColumnElement[Any]) -> sa.Select[Any]:
    first, last = (sa.type_coerce(each, BigInt) for each in (_task.started_at, _task.ended_at))
    return sa.select(
        _task.run,
        name,
        _task.state,
        sa.func.count(),
        sa.func.min(first),
        sa.func.max(last),
        sa.func.max(_task.try_number),
        sa.func.count(last),
    ).group_by(_task.run, name, _task.state)

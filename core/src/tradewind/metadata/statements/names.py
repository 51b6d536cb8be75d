"""Statements that tell people's names of rows that are known by their keys: for lines of the daemons' log."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from tradewind.metadata.tables import dag_run, task_instance

_ti = task_instance.c
_run = dag_run.c
_TRIES = (
    sa.select(_run.dag_id, _run.run_id, _ti.task_id, _ti.map_index, _ti.try_number)
    .join_from(task_instance, dag_run, _run.id == _ti.run)
    .where(_ti.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(_ti.run, _ti.rank, _ti.map_index)
)
_RUN = sa.select(_run.dag_id, _run.run_id).where(_run.id == sa.bindparam("key"))


def of_tries(conn: sa.Connection, instances: Collection[int]) -> list[dict[str, str | int]]:
    """Return dag_id, run_id, task_id, map_index and try_number of task instances, by run and rank."""
    if not instances:
        return []
    return [row._asdict() for row in conn.execute(_TRIES, {"ids": sorted(instances)})]


def of_run(conn: sa.Connection, run: int) -> dict[str, str | int]:
    """Return dag_id and run_id of a run; nothing when it is gone."""
    row = conn.execute(_RUN, {"key": run}).first()
    return {} if row is None else row._asdict()

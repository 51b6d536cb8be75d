"""What the checker looks at: the rows as they are, read past the product's own statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from tradewind.metadata.engine import Database

_INSTANCES = (
    "SELECT i.id, i.run, i.dag_id, i.task_id, i.map_index, i.state, i.try_number, i.max_tries, i.token, i.pool, i.pool_slots, "
    "i.priority, i.executor, i.worker, c.waits, c.success, c.failed, c.upstream_failed, c.skipped, c.removed "
    "FROM task_instance i LEFT JOIN task_counter c ON c.instance = i.id ORDER BY i.id"
)
_RUNS = (
    "SELECT r.id, r.dag_id, r.run_id, r.version_id, r.state, p.unfinished, "
    "(SELECT count(*) FROM continuation WHERE run = r.id) FROM dag_run r JOIN run_progress p ON p.run = r.id ORDER BY r.id"
)


@dataclass(frozen=True, slots=True)
class InstanceSeen:
    """A task instance and its counters."""

    id: int
    run: int
    dag_id: str
    task_id: str
    map_index: int
    state: str
    try_number: int
    max_tries: int
    token: int
    pool: str
    pool_slots: int
    priority: int
    executor: str
    worker: str | None
    waits: int
    success: int
    failed: int
    upstream_failed: int
    skipped: int
    removed: int

    @property
    def name(self) -> str:
        """How a violation names it."""
        return f"{self.dag_id}/{self.run % 10000}/{self.task_id}[{self.map_index}]"


@dataclass(frozen=True, slots=True)
class RunSeen:
    """A run, its stored progress, and how many continuations it has."""

    id: int
    dag_id: str
    run_id: str
    version_id: int
    state: str
    unfinished: int
    continuations: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at everything."""

    instances: dict[int, InstanceSeen]
    runs: dict[int, RunSeen]

    def of_run(self, run: int) -> list[InstanceSeen]:
        """Return the instances of a run."""
        return [each for each in self.instances.values() if each.run == run]


def look(database: Database) -> Seen:
    """Look at everything."""
    with database.engine.connect() as conn:
        instances = {row[0]: InstanceSeen(*row) for row in conn.exec_driver_sql(_INSTANCES)}
        runs = {row[0]: RunSeen(*row) for row in conn.exec_driver_sql(_RUNS)}
    return Seen(instances, runs)


def tries(database: Database) -> list[Any]:
    """Return all ended tries: instance, token, try_number, state."""
    with database.engine.connect() as conn:
        return list(
            conn.exec_driver_sql("SELECT instance, token, try_number, state FROM task_try ORDER BY instance, token")
        )


def limits(database: Database) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """Return the slots of pools, the active tasks of DAGs, and the active runs of DAGs."""
    with database.engine.connect() as conn:
        pools = {row[0]: row[1] for row in conn.exec_driver_sql("SELECT name, slots FROM pool")}
        dags = list(conn.exec_driver_sql("SELECT dag_id, max_active_tasks, max_active_runs FROM dag"))
    return pools, {row[0]: row[1] for row in dags}, {row[0]: row[2] for row in dags}


def live_slots(database: Database, now: int) -> dict[str, int]:
    """Return the slots of workers whose lease holds, by executor."""
    text = (
        "SELECT executor, sum(slots) FROM daemon WHERE kind = 'worker' AND ended_at IS NULL AND expires_at > :now "
        "GROUP BY executor"
    )
    with database.engine.connect() as conn:
        return {row[0]: int(row[1]) for row in conn.execute(sa.text(text), {"now": now})}

"""What the checker looks at: the rows as they are, read past the product's own statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

Value = TypeVar("Value")

_INSTANCES = (
    "SELECT i.id, i.run, i.dag_id, i.task_id, i.map_index, i.state, i.try_number, i.max_tries, i.token, i.pool, i.pool_slots, "
    "i.priority, i.executor, i.queue, i.worker, c.waits, c.success, c.failed, c.upstream_failed, c.skipped, c.removed "
    "FROM task_instance i LEFT JOIN task_counter c ON c.instance = i.id ORDER BY i.id"
)
_RUNS = (
    "SELECT r.id, r.dag_id, r.run_id, r.version_id, r.state, r.run_type, r.logical_date, p.unfinished, "
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
    queue: str
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
    run_type: str
    logical_date: int | None
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


class History(Generic[Value]):
    """What was in force since when, so that one can ask what somebody may have seen."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, Value]] = []

    def put(self, at: int, value: Value) -> None:
        """Remember a value that is in force from a commit on."""
        if not self._entries or self._entries[-1][1] != value:
            self._entries.append((at, value))

    def since(self, at: int) -> list[Value]:
        """Return what was in force at any time since a commit: the value then, and all later ones."""
        first = max((n for n, (began, _) in enumerate(self._entries) if began <= at), default=0)
        return [value for _, value in self._entries[first:]]


class Calm:
    """A connection of the checker's own: nothing strikes it, nothing waits on it, and it sees what is committed."""

    def __init__(self, url: sa.URL) -> None:
        self._engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        self._held = self._engine.connect()
        self._driver: Any = self._held.connection.driver_connection

    def rows(self, text: str) -> list[Any]:
        """Return the rows of a query without parameters."""
        cursor = self._driver.cursor()
        try:
            cursor.execute(text)
            return list(cursor.fetchall())
        finally:
            cursor.close()

    def close(self) -> None:
        """Give the connection back."""
        self._held.close()
        self._engine.dispose()


def look(calm: Calm) -> Seen:
    """Look at everything."""
    instances = {row[0]: InstanceSeen(*row) for row in calm.rows(_INSTANCES)}
    runs = {row[0]: RunSeen(*row) for row in calm.rows(_RUNS)}
    return Seen(instances, runs)


@dataclass(frozen=True, slots=True)
class TrySeen:
    """An ended try."""

    instance: int
    token: int
    try_number: int
    state: str
    cause: str | None
    ended_at: int

    @property
    def is_consumed(self) -> bool:
        """Whether it counts as an attempt."""
        return self.state not in {"up_for_reschedule", "deferred"} and self.try_number > 0


def tries(calm: Calm) -> list[TrySeen]:
    """Return all ended tries."""
    text = "SELECT instance, token, try_number, state, cause, ended_at FROM task_try ORDER BY instance, token"
    return [TrySeen(*row) for row in calm.rows(text)]


def pushed(calm: Calm) -> dict[tuple[int, str, int], int | None]:
    """Return the stored lengths of return values (nothing else is pushed), by run, task id and map index."""
    text = "SELECT run, task_id, map_index, length FROM xcom"
    return {(row[0], row[1], row[2]): row[3] for row in calm.rows(text)}


def drained_hosts(calm: Calm) -> frozenset[str]:
    """Return the hosts whose workers take nothing new."""
    return frozenset(row[0] for row in calm.rows("SELECT name FROM drain WHERE kind = 'host'"))


def ended_daemons(calm: Calm) -> dict[str, str]:
    """Return the causes of the ends of daemons, by id."""
    return dict(calm.rows("SELECT id, end_cause FROM daemon WHERE ended_at IS NOT NULL"))


@dataclass(frozen=True, slots=True)
class Limits:
    """The slots of pools, the active tasks of DAGs, the active runs of DAGs, and which DAGs are paused."""

    pools: dict[str, int]
    dags: dict[str, int]
    runs: dict[str, int]
    paused: frozenset[str]


def limits(calm: Calm) -> Limits:
    """Return the limits in force."""
    pools = {row[0]: row[1] for row in calm.rows("SELECT name, slots FROM pool")}
    dags = calm.rows("SELECT dag_id, max_active_tasks, max_active_runs, is_paused FROM dag")
    paused = frozenset(row[0] for row in dags if row[3])
    return Limits(pools, {row[0]: row[1] for row in dags}, {row[0]: row[2] for row in dags}, paused)


def live_slots(calm: Calm, now: int) -> dict[str, int]:
    """Return the slots of workers whose lease holds and that are not drained, by executor."""
    text = (
        "SELECT executor, sum(slots) FROM daemon WHERE kind = 'worker' AND ended_at IS NULL "
        f"AND expires_at > {now} AND host NOT IN (SELECT name FROM drain) GROUP BY executor"
    )
    return {row[0]: int(row[1]) for row in calm.rows(text)}

"""How the whole stands: daemons and leases, what is at work, what waits and why, connections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.dialects import POSTGRESQL, SQLITE
from tradewind.metadata.statements import admission, daemons, monitoring, sessions, waits
from tradewind.metadata.statements.daemons import Job
from tradewind.metadata.statements.monitoring import Overview
from tradewind.metadata.statements.waits import DeferredTasks
from tradewind.operations.context import Context, Tools, operation
from tradewind.transitions import waiting

WAKE_UPS = 2
"""Connections of a daemon beside its pool, on PostgreSQL: one for LISTEN, one for NOTIFY."""
OF_LATE = timedelta(minutes=5)
"""Over how long it is counted what has ended."""
READY = frozenset({"scheduled", "queued"})
"""States of tasks that have all they need but a slot or a worker."""


@operation("cluster.get")
def get_cluster(context: Context) -> dict[str, list[dict[str, Any]]]:
    """Return daemons with lag and lease, what is at work, what waits with one sentence why, and connections."""
    with context.read() as connection:
        look = _Look(context.tools, connection)
        return {
            "daemons": look.daemons(),
            "at_work": look.at_work(),
            "waiting": look.waiting(),
            "connections": look.connections(),
        }


@operation("cluster.get")
def get_waiting(context: Context) -> dict[str, list[dict[str, Any]]]:
    """Return of `get_cluster` what somebody has to know first: the daemons, and what waits and why."""
    with context.read() as connection:
        look = _Look(context.tools, connection)
        return {"daemons": look.daemons(), "waiting": look.waiting()}


@dataclass(frozen=True, slots=True)
class Bucket:
    """A pool or an executor: its slots, and what takes them or waits for them.

    Arguments:
        slots: of a pool; of an executor those of its live workers.
        ready, queued, running: tasks that wait for admission, wait for a worker, and are at work.
        taken: slots of those that are queued or at work.
    """

    name: str
    slots: int
    ready: int
    queued: int
    running: int
    taken: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """How the whole stands.

    Arguments:
        waiting: as of `get_cluster`, each with its `noun`, and `about`: the filters that find what it tells of.
        ended: tasks that have ended within `OF_LATE`, counted up to a limit.
        oldest: of these the tasks that are ready and wait longest.
    """

    daemons: Sequence[Mapping[str, Any]]
    at_work: Mapping[str, Any]
    ended: int
    waiting: Sequence[Mapping[str, Any]]
    oldest: Mapping[str, Any] | None
    pools: Sequence[Bucket]
    executors: Sequence[Bucket]
    connections: Sequence[Mapping[str, Any]]


@operation("cluster.get")
def look_at_cluster(context: Context) -> Cluster:
    """Return all of `get_cluster`, with the slots of pools and executors."""
    with context.read() as connection:
        look = _Look(context.tools, connection)
        waiting = look.found_waiting()
        ready = [
            each
            for each in waiting
            if each["noun"] != "run" and each["about"].get("state") in READY and each["seconds"] is not None
        ]
        return Cluster(
            look.daemons(),
            {each["what"]: each["value"] for each in look.at_work()},
            look.later_and_ended[1],
            waiting,
            max(ready, key=_seconds, default=None),
            look.buckets("pool", look.seen.pools),
            look.buckets("executor", look.seen.executors),
            look.connections(),
        )


def _seconds(row: Mapping[str, Any]) -> float:
    return float(row["seconds"])


def _without_links(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in {"about", "noun"}} for row in rows]


@dataclass
class _Look:
    """One look at everything."""

    tools: Tools
    conn: sa.Connection

    def __post_init__(self) -> None:
        self.clock = self.tools.clock
        self._now = self.clock.now()
        self._unended: Sequence[Job] = [
            each for each in daemons.jobs(self.conn, sql_now=self.clock.sql_now()) if each.ended_at is None
        ]
        self._live = {each.kind for each in self._unended if each.is_live}

    def daemons(self) -> list[dict[str, Any]]:
        """One row for each daemon that has not ended."""
        return [
            {
                "daemon": each.kind,
                "host": each.host,
                "pid": each.pid,
                "state": "lives" if each.is_live else "lease expired",
                "lag_seconds": round(each.lag.total_seconds(), 1),
                "lease_seconds_left": round((each.expires_at - each.renewed_at - each.lag).total_seconds(), 1),
                "since": each.started_at,
            }
            for each in sorted(self._unended, key=lambda each: (each.kind, each.host, each.pid))
        ]

    @cached_property
    def seen(self) -> Overview:
        """What is open, by pool and executor."""
        return monitoring.overview(self.conn, now=self._now, sql_now=self.clock.sql_now())

    @cached_property
    def later_and_ended(self) -> tuple[Mapping[str, int], int]:
        """How many tasks wait for their time, by state; and how many have ended of late."""
        return waits.later_and_ended(self.conn, since=self._now - OF_LATE)

    @cached_property
    def _deferred(self) -> Sequence[DeferredTasks]:
        return waits.deferred(self.conn)

    def buckets(self, kind: str, slots: Mapping[str, int]) -> list[Bucket]:
        """Return pools or executors by name, also those that tasks name and nobody has made.

        Arguments:
            kind: `pool` or `executor`.
            slots: how many each has.
        """
        counts: dict[str, dict[str, int]] = {name: {} for name in slots}
        for each in self.seen.taken:
            of_it = counts.setdefault(getattr(each, kind), {})
            of_it[each.state] = of_it.get(each.state, 0) + each.tasks
            if each.state != "scheduled":
                of_it["taken"] = of_it.get("taken", 0) + each.slots
        return [
            Bucket(
                name,
                slots.get(name, 0),
                of_it.get("scheduled", 0),
                of_it.get("queued", 0),
                of_it.get("running", 0),
                of_it.get("taken", 0),
            )
            for name, of_it in sorted(counts.items())
        ]

    def at_work(self) -> list[dict[str, Any]]:
        """Counts of what is open, and how old the queue is."""
        seen = self.seen
        tasks = dict.fromkeys(("scheduled", "queued", "running"), 0)
        for each in seen.taken:
            tasks[each.state] += each.tasks
        later, _ = self.later_and_ended
        counts = {
            "runs_queued": seen.counts.get("run:queued", 0),
            "runs_running": seen.counts.get("run:running", 0),
            "tasks_ready": tasks["scheduled"],
            "tasks_queued": tasks["queued"],
            "tasks_running": tasks["running"],
            "tasks_to_be_tried_again": later.get("up_for_retry", 0),
            "tasks_deferred": sum(each.count for each in self._deferred),
            "tasks_rescheduled": later.get("up_for_reschedule", 0),
            "slots_of_live_workers": sum(seen.executors.values()),
            "oldest_ready_task_seconds": self._age(seen.oldest_ready),
            "most_overdue_run_seconds": self._age(seen.most_overdue),
        }
        return [{"what": name, "value": value} for name, value in counts.items()]

    def waiting(self) -> list[dict[str, Any]]:
        """One row and one sentence for all that wait for the same."""
        return _without_links(self.found_waiting())

    def found_waiting(self) -> list[dict[str, Any]]:
        """Return the same, each with its `noun`, and `about`: the filters that find what it tells of."""
        rows = [self._waits(None, "everything", None, each, {}) for each in waiting.missing_daemons(self._live)]
        for runs in waits.queued_runs(self.conn):
            why = waiting.why_run_queued(runs, self._live)
            about = {"dag_id": runs.dag_id, "state": "queued"}
            row = self._waits(runs.count, f"queued runs of {runs.dag_id}", runs.since, why, about)
            rows.append(row | {"noun": "run"})
        rows += self._ready_tasks()
        for tasks in self._deferred:
            why = waiting.why_deferred(tasks, self._live)
            about = {"dag_id": tasks.dag_id, "state": "deferred"}
            rows.append(self._waits(tasks.count, f"deferred tasks of {tasks.dag_id}", tasks.since, why, about))
        workers = waits.workers(self.conn, sql_now=self.clock.sql_now())
        for tries in waits.queued(self.conn):
            what = f"queued tasks of {tries.executor}, queue {tries.queue}"
            why = waiting.why_queued(tries, workers)
            about = {"executor": tries.executor, "queue": tries.queue, "state": "queued"}
            rows.append(self._waits(tries.count, what, tries.since, why, about))
        return rows

    def _ready_tasks(self) -> list[dict[str, Any]]:
        groups = waits.ready(self.conn)
        if not groups:
            return []
        limits = admission.limits(
            self.conn,
            pools={each.needs.pool for each in groups},
            dags={each.needs.dag_id for each in groups},
            sql_now=self.clock.sql_now(),
        )
        occupied = admission.occupancy(self.conn)
        return [
            self._waits(
                each.needs.waiting,
                f"ready tasks of {each.needs.dag_id}",
                each.since,
                waiting.why_ready(each.needs, limits, occupied, self._live),
                {
                    "dag_id": each.needs.dag_id,
                    "pool": each.needs.pool,
                    "executor": each.needs.executor,
                    "state": "scheduled",
                },
            )
            for each in groups
        ]

    def _waits(
        self, count: int | None, what: str, since: datetime | None, why: str, about: Mapping[str, Any]
    ) -> dict[str, Any]:
        row = {"count": count, "what": what, "seconds": self._age(since), "why": why}
        return row | {"about": about, "noun": "task instance"}

    def connections(self) -> list[dict[str, Any]]:
        """Who is connected now, and how many connections the living daemons may have at most."""
        database = self.tools.database
        if database.dialect == SQLITE:
            return [{"of": "SQLite: a file, no server", "connections": None, "how": None}]
        found = sessions.connections(self.conn)
        size, count = self.tools.config.database.pool_size, sum(each.is_live for each in self._unended)
        extra = WAKE_UPS if database.dialect == POSTGRESQL else 0
        formula = f"{count} daemons × (database.pool_size {size} + {extra} for wake-ups)"
        return [
            *({"of": name, "connections": number, "how": "now"} for name, number in found.by_name.items()),
            {"of": "all", "connections": sum(found.by_name.values()), "how": "now"},
            {"of": "all", "connections": count * (size + extra), "how": f"at most: {formula}"},
            {"of": "the server", "connections": found.allowed, "how": "allows"},
        ]

    def _age(self, since: datetime | None) -> float | None:
        return None if since is None else round(max(0.0, (self._now - since).total_seconds()), 1)

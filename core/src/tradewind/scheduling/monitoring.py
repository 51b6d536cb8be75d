"""A scheduler's look at the whole system for its metrics: one statement every twenty seconds, and none without an exporter."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.statements.monitoring import Overview, overview
from tradewind.metrics import catalogue
from tradewind.metrics.recording import gauge, gauges, is_on

_BY_STATE = {
    "queued": (catalogue.POOL_QUEUED, catalogue.EXECUTOR_QUEUED),
    "running": (catalogue.POOL_RUNNING, catalogue.EXECUTOR_RUNNING),
}
_KINDS = ("scheduler", "worker", "processor")


class Lookout:
    """Looks when it is time.

    Arguments:
        database: the metadata database.
        clock: injected.
        interval: seconds between two looks.
    """

    def __init__(self, database: Database, *, clock: Clock, interval: float) -> None:
        self._database = database
        self._clock = clock
        self._interval = timedelta(seconds=interval)
        self._next: datetime | None = None

    def turn(self) -> None:
        """Look, if somebody is told of it and it is time."""
        now = self._clock.now()
        if not is_on() or (self._next is not None and now < self._next):
            return
        self._next = now + self._interval
        with self._database.read() as conn:
            found = overview(conn, now=now, sql_now=self._clock.sql_now())
        _tell(found, now)


def _tell(found: Overview, now: datetime) -> None:
    _tell_of_slots(found)
    states = Counter(dict.fromkeys(("scheduled", "queued", "running"), 0))
    states.update({state: sum(each.tasks for each in found.taken if each.state == state) for state in states})
    gauges(catalogue.INSTANCES, {(state,): tasks for state, tasks in states.items()})
    gauges(catalogue.RUNS, {(state,): found.counts.get(f"run:{state}", 0) for state in ("queued", "running")})
    gauges(catalogue.LIVE, {(kind,): found.counts.get(f"daemon:{kind}", 0) for kind in _KINDS})
    gauge(catalogue.DAGS, found.counts.get("dag:active", 0))
    gauge(catalogue.QUARANTINE, found.counts.get("dag:quarantined", 0))
    gauge(catalogue.IMPORT_ERRORS, found.counts.get("file:error", 0))
    gauge(catalogue.EVENTS_WAITING, found.counts.get("event:waiting", 0))
    gauge(catalogue.OLDEST_WAITING, _seconds_since(found.oldest_ready, now))
    gauge(catalogue.LAG, _seconds_since(found.most_overdue, now))


def _tell_of_slots(found: Overview) -> None:
    pools, executors = Counter(found.pools), Counter(found.executors)
    gauges(catalogue.POOL_SLOTS, {(name,): slots for name, slots in pools.items()})
    gauges(catalogue.EXECUTOR_SLOTS, {(name,): slots for name, slots in executors.items()})
    for state, (of_pool, of_executor) in _BY_STATE.items():
        slots, tasks = _use(found, state)
        gauges(of_pool, {(name,): slots[name] for name in found.pools})
        gauges(of_executor, {(name,): tasks[name] for name in {*found.executors, *tasks}})
        pools.subtract({name: used for name, used in slots.items() if name in found.pools})
        if state == "running":
            executors.subtract({name: used for name, used in tasks.items() if name in found.executors})
    gauges(catalogue.POOL_OPEN, {(name,): free for name, free in pools.items()})
    gauges(catalogue.EXECUTOR_OPEN, {(name,): free for name, free in executors.items()})
    wanted, _ = _use(found, "scheduled")
    gauges(catalogue.POOL_SCHEDULED, {(name,): wanted[name] for name in found.pools})


def _use(found: Overview, state: str) -> tuple[Counter[str], Counter[str]]:
    """Return the slots by pool and the tasks by executor of the instances in one state."""
    slots: Counter[str] = Counter()
    tasks: Counter[str] = Counter()
    for each in found.taken:
        if each.state == state:
            slots[each.pool] += each.slots
            tasks[each.executor] += each.tasks
    return slots, tasks


def _seconds_since(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else max(0.0, (now - moment).total_seconds())

"""What a seed stands for: DAGs, limits, workers and which faults may happen. Plain values, so that they can be shrunk."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from tradewind.serialization.scopes import scopes_of
from tradewind.timetables import NullTimetable, Timetable

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
LOCAL = "LocalExecutor"
RULES = (
    *("all_success",) * 6,
    *("all_done", "one_success", "one_failed", "one_done", "none_failed", "none_failed_min_one_success"),
    *("all_failed", "none_skipped", "all_skipped", "always", "all_done_min_one_success"),
)
FAULTS = (
    "crash",  # between two statements: of a scheduler, or of a worker's call
    "lost reply",  # the transaction committed, and the caller never hears of it
    "serialization failure",  # a statement is refused as that of a victim of a deadlock would be
    "dropped connection",  # one caller's connection is gone, and what it had begun is undone
    "outage",  # all connections are gone, and no statement gets through for a while
    "stall",  # a turn stands still, with all the locks it has, perhaps for longer than its lease
    "lost wake-up",
    "duplicate",  # outcomes are reported again, at once or much later
    "late report",  # an outcome is kept back for a while; a host that was gone tells of its tries when it is back
    "evidence",  # a worker's processes end, and its host says so
    "silence",  # a worker's host is gone, and nobody says so
    "isolation",  # a worker cannot reach the database for a while and goes on
    "clear",
    "new version",
    "pause",  # a DAG is paused, and goes on later
    "pool resized",  # to fewer slots than are taken, perhaps, and back
    "small cap",  # transactions may touch a few rows only
)


HARMLESS = frozenset({"duplicate", "clear", "new version", "pause", "pool resized", "small cap"})
"""Faults that excuse nobody from doing at once what there is to do."""


@dataclass(frozen=True)
class SimTask:
    """One task of a simulated DAG: what transitions see of it, and what only its simulated code knows.

    Arguments:
        is_branch: whether it skips some of what is below.
        fails_often: whether it does so more readily than others.
        triggers: whether it asks for a run of the DAG `child`: not at all, `once`, or `again` (one that is there runs again).
    """

    task_id: str
    rank: int
    upstream: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()
    trigger_rule: str = "all_success"
    retries: int = 0
    retry_delay: float = 5.0
    pool: str = "default_pool"
    pool_slots: int = 1
    priority: int = 1
    executor: str | None = None
    queue: str | None = None
    is_empty: bool = False
    retry_exponential_backoff: bool = False
    max_retry_delay: float | None = None
    depends_on_past: bool = False
    wait_for_downstream: bool = False
    ignore_first_depends_on_past: bool = True
    wait_for_past_depends_before_skipping: bool = False
    max_active_tis_per_dag: int | None = None
    max_active_tis_per_dagrun: int | None = None
    mapped_group: str | None = None
    is_setup: bool = False
    is_teardown: bool = False
    on_failure_fail_dagrun: bool = False
    marks: Any = None
    setups: tuple[str, ...] = ()
    in_scope: tuple[str, ...] = ()
    expand: tuple[tuple[str, Any], ...] | None = None
    is_branch: bool = False
    fails_often: bool = False
    triggers: str = ""
    start_date: datetime | None = None
    end_date: datetime | None = None
    callbacks: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class SimDag:
    """One version of a simulated DAG."""

    dag_id: str
    tasks: dict[str, SimTask]
    timetable: Timetable = field(default_factory=NullTimetable)
    start_date: datetime | None = START
    end_date: datetime | None = None
    catchup: bool | str = True
    max_active_runs: int = 2
    callbacks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    max_active_tasks: int = 4
    max_consecutive_failed_runs: int = 0
    dagrun_timeout: float | None = None
    slas: dict[str, float] = field(default_factory=dict)
    deadlines: tuple[tuple[str, float], ...] = ()
    fail_stop: bool = False
    params: dict[str, Any] = field(default_factory=dict)
    watchers: tuple[tuple[str, str], ...] = ()

    @property
    def has_scopes(self) -> bool:
        """Whether it has setups, whose tasks are cleared with what needs them."""
        return any(task.is_setup for task in self.tasks.values())

    def with_task(self, task: SimTask) -> SimDag:
        """Return the DAG with a task: in place of the one of its name, or behind all others."""
        return replace(self, tasks=arrange(list({**self.tasks, task.task_id: task}.values())))


@dataclass(frozen=True)
class Station:
    """What a worker announces: its slots, its executor, and its queues, None for all."""

    slots: int
    executor: str
    queues: tuple[str, ...] | None = None

    def serves(self, queue: str) -> bool:
        """Whether it claims what waits in a queue."""
        return self.queues is None or queue in self.queues


@dataclass(frozen=True)
class Scenario:
    """A seed's world.

    Arguments:
        runs: manual runs: seconds after the start, and the DAG.
        workers: the first of each executor serves all queues.
        outages: moments, in seconds after the start, at which the database goes (True) and comes back (False).
        eagerness: how probably a turn hands the baton back where it may; 0 lets each step end first.
        fast_follow: whether ends hand slots over; the same for all workers of a seed.
        news: when somebody tells of new data, in seconds after the start, and in which assets.
        features: what the seed has that most have not: see `features.py`.
        orders: what people do for that: seconds after the start, a verb, and what it is about.
        sightings: when something happens that a watcher of an asset sees, in seconds after the start, and which one.
    """

    seed: int
    dags: tuple[SimDag, ...]
    runs: tuple[tuple[float, str], ...]
    pools: tuple[tuple[str, int], ...]
    schedulers: int
    workers: tuple[Station, ...]
    faults: frozenset[str]
    outages: tuple[tuple[float, bool], ...] = ()
    eagerness: float = 0.0
    fast_follow: bool = True
    news: tuple[tuple[float, str], ...] = ()
    features: frozenset[str] = frozenset()
    orders: tuple[tuple[float, str, str], ...] = ()
    sightings: tuple[tuple[float, str], ...] = ()

    @property
    def defers(self) -> bool:
        """Whether tries may be deferred: in one seed of sixteen, and drawn apart from all else."""
        return self.seed % 16 == 15

    @property
    def is_calm(self) -> bool:
        """Whether wake-ups alone must set everything going, so that nothing ever waits for somebody to look."""
        return self.faults <= HARMLESS

    @property
    def has_callbacks(self) -> bool:
        """Whether anything is to be called when states change."""
        return any(dag.callbacks or any(task.callbacks for task in dag.tasks.values()) for dag in self.dags)

    def with_dag(self, dag: SimDag) -> Scenario:
        """Return the scenario with a DAG in place of the one of its name."""
        return replace(self, dags=tuple(dag if each.dag_id == dag.dag_id else each for each in self.dags))

    def without_fault(self, fault: str) -> Scenario:
        """Return the scenario without a fault."""
        outages = () if fault == "outage" else self.outages
        return replace(self, faults=self.faults - {fault}, outages=outages)

    def without_dag(self, dag_id: str) -> Scenario:
        """Return the scenario without a DAG and its runs."""
        dags = tuple(dag for dag in self.dags if dag.dag_id != dag_id)
        news, sightings = ((), ()) if dag_id == CONSUMER else (self.news, self.sightings)
        orders = tuple(each for each in self.orders if each[2].split()[0] != dag_id)
        runs = tuple(run for run in self.runs if run[1] != dag_id)
        return replace(self, dags=dags, runs=runs, news=news, orders=orders, sightings=sightings)

    def without_task(self, dag_id: str, task_id: str) -> Scenario:
        """Return the scenario without a task; what was mapped over it is not mapped any more."""
        return replace(self, dags=tuple(drop(d, task_id) if d.dag_id == dag_id else d for d in self.dags))

    def describe(self) -> str:
        """Return the scenario in lines for people."""
        lines = [
            f"seed {self.seed}: {self.schedulers} scheduler(s), pools {self.pools}, eagerness {self.eagerness}",
            f"  fast follow {'on' if self.fast_follow else 'off'}, outages {self.outages}",
            *(
                f"  worker: {each.slots} slots of {each.executor}, queues {each.queues or 'all'}"
                for each in self.workers
            ),
            f"  faults: {', '.join(sorted(self.faults)) or 'none'}; manual runs: {self.runs}",
            f"  features: {', '.join(sorted(self.features)) or 'none'}; orders: {self.orders}",
        ]
        for dag in self.dags:
            lines.append(
                f"  DAG {dag.dag_id}, {dag.timetable.summary}, runs {dag.max_active_runs}, tasks {dag.max_active_tasks}"
                f"{', stops at a failure' if dag.fail_stop else ''}:"
            )
            lines += [f"    {_describe(task)}" for task in dag.tasks.values()]
        return "\n".join(lines)


_SHOWN = (
    *("trigger_rule", "retries", "pool", "pool_slots", "priority", "executor", "queue"),
    *(
        "is_empty",
        "expand",
        "is_branch",
        "fails_often",
        "triggers",
        "marks",
        "mapped_group",
        "is_setup",
        "is_teardown",
        "setups",
    ),
    *(
        "depends_on_past",
        "wait_for_downstream",
        "ignore_first_depends_on_past",
        "wait_for_past_depends_before_skipping",
    ),
    *("max_active_tis_per_dag", "max_active_tis_per_dagrun"),
)


def _describe(task: SimTask) -> str:
    plain = SimTask("", 0)
    shown = [f"{name}={getattr(task, name)!r}" for name in _SHOWN if getattr(task, name) != getattr(plain, name)]
    return f"{task.task_id} after {', '.join(task.upstream) or 'nothing'} {' '.join(shown)}"


def drop(dag: SimDag, task_id: str) -> SimDag:
    """Return a DAG without one task."""
    left = [task for task in dag.tasks.values() if task.task_id != task_id]
    return replace(dag, tasks=arrange([_without(task, task_id) for task in left]))


def _without(task: SimTask, task_id: str) -> SimTask:
    is_over = any(isinstance(source, tuple) and source[0] == task_id for _, source in task.expand or ())
    upstream = tuple(above for above in task.upstream if above != task_id)
    return replace(task, upstream=upstream, expand=None if is_over else task.expand)


def arrange(tasks: list[SimTask]) -> dict[str, SimTask]:
    """Return tasks, given in topological order with their upstream, with ranks, downstream, and the scopes of setups."""
    arranged = {
        task.task_id: replace(
            task, rank=rank, downstream=tuple(below.task_id for below in tasks if task.task_id in below.upstream)
        )
        for rank, task in enumerate(tasks)
    }
    if not any(task.is_setup for task in tasks):
        return arranged
    scopes = scopes_of([vars(task) for task in arranged.values()], {task.task_id: task.upstream for task in tasks})
    found = {task_id: scopes.get(task_id) for task_id in arranged}
    return {
        task_id: replace(task, setups=of.setups if of else (), in_scope=of.in_scope if of else ())
        for (task_id, task), of in zip(arranged.items(), found.values(), strict=True)
    }


CONSUMER = "consumer"
CHILD = "child"

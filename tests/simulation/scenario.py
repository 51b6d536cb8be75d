"""What a seed stands for: DAGs, limits, workers and which faults may happen. Plain values, so that they can be shrunk."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from tradewind.timetables import AssetTriggeredTimetable, DeltaDataIntervalTimetable, NullTimetable, Timetable
from tradewind.transitions.callbacks import OF_RUN, OF_TASK
from tradewind_plugins.assets import Asset

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
    """One task of a simulated DAG: what transitions see of it, and `is_branch`, which only its simulated code knows."""

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
    setups: tuple[str, ...] = ()
    in_scope: tuple[str, ...] = ()
    expand: tuple[tuple[str, Any], ...] | None = None
    is_branch: bool = False
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
    catchup: bool = True
    max_active_runs: int = 2
    callbacks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    max_active_tasks: int = 4
    max_consecutive_failed_runs: int = 0
    dagrun_timeout: float | None = None
    slas: dict[str, float] = field(default_factory=dict)
    deadlines: tuple[tuple[str, float], ...] = ()
    fail_stop: bool = False


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

    def without_fault(self, fault: str) -> Scenario:
        """Return the scenario without a fault."""
        outages = () if fault == "outage" else self.outages
        return replace(self, faults=self.faults - {fault}, outages=outages)

    def without_dag(self, dag_id: str) -> Scenario:
        """Return the scenario without a DAG and its runs."""
        dags = tuple(dag for dag in self.dags if dag.dag_id != dag_id)
        news = () if dag_id == CONSUMER else self.news
        return replace(self, dags=dags, runs=tuple(run for run in self.runs if run[1] != dag_id), news=news)

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
        ]
        for dag in self.dags:
            lines.append(
                f"  DAG {dag.dag_id}, {dag.timetable.summary}, runs {dag.max_active_runs}, tasks {dag.max_active_tasks}:"
            )
            lines += [f"    {_describe(task)}" for task in dag.tasks.values()]
        return "\n".join(lines)


_SHOWN = (
    *("trigger_rule", "retries", "pool", "pool_slots", "priority", "executor", "queue"),
    *("is_empty", "expand", "is_branch"),
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
    """Return tasks, given in topological order with their upstream, with ranks and downstream."""
    return {
        task.task_id: replace(
            task, rank=rank, downstream=tuple(below.task_id for below in tasks if task.task_id in below.upstream)
        )
        for rank, task in enumerate(tasks)
    }


def generate(seed: int) -> Scenario:
    """Return the scenario of a seed."""
    rng = random.Random(f"scenario {seed}")
    is_tight = rng.random() < 0.25  # one slot that everything wants
    pools = tuple(
        (f"pool{n}", 1 if is_tight else rng.randint(1, 3)) for n in range(1 if is_tight else rng.randint(0, 2))
    )
    choice = pools if is_tight else (*pools, ("default_pool", 128))
    workers = _workers(rng)
    where = sorted({(each.executor, queue) for each in workers for queue in each.queues or ("default",)})
    dags = tuple(_dag(rng, f"dag{n}", choice, where) for n in range(2 if is_tight else rng.randint(1, 2)))
    runs = tuple((rng.uniform(0, 20), rng.choice(dags).dag_id) for _ in range(rng.randint(1, 2)))
    is_calm = rng.random() < 0.15
    faults = frozenset(fault for fault in FAULTS if rng.random() < 0.25 and (fault in HARMLESS or not is_calm))
    consumer, news = _assets(seed)
    return Scenario(
        seed=seed,
        dags=_with_callbacks(seed, dags) + consumer,
        news=news,
        runs=runs,
        pools=pools,
        schedulers=rng.choice([1, 2, 2, 3]),
        workers=workers,
        faults=faults,
        outages=_outages(rng) if "outage" in faults else (),
        eagerness=rng.choice([0.0, 0.1, 0.4, 0.4, 1.0]),
        fast_follow=rng.random() < 0.8,
    )


CONSUMER = "consumer"


def _assets(seed: int) -> tuple[tuple[SimDag, ...], tuple[tuple[float, str], ...]]:
    """Return a DAG that is scheduled on assets, and the news of them; in one seed of sixteen, drawn apart from all else."""
    if seed % 16 != 6:
        return (), ()
    rng = random.Random(f"assets {seed}")
    a, b = Asset("a"), Asset("b")
    schedule = rng.choice([a, a & b, a | b])
    tasks = arrange([SimTask("use", 0, is_empty=rng.random() < 0.5)])
    consumer = SimDag(CONSUMER, tasks, timetable=AssetTriggeredTimetable(schedule), max_active_runs=rng.randint(1, 2))
    # Some of them at one moment, and in pairs: two schedulers are woken for one event, or for two at once
    moments = [rng.choice([5.0, rng.uniform(0, 40)]) for _ in range(rng.randint(3, 7))]
    return (consumer,), tuple((at, rng.choice(["a", "b", "a b"])) for at in moments)


def _with_callbacks(seed: int, dags: tuple[SimDag, ...]) -> tuple[SimDag, ...]:
    """Return DAGs, in seven seeds of 32 with callbacks; drawn apart, so that the others are what they were without."""
    rng = random.Random(f"callbacks {seed}")
    if seed % 16 not in {9, 15} and seed % 32 not in {20, 24, 26}:
        return dags
    found = []
    for dag in dags:
        tasks = {
            task_id: task if task.is_empty else replace(task, callbacks=_some(rng, OF_TASK.values()))
            for task_id, task in dag.tasks.items()
        }
        found.append(replace(dag, tasks=tasks, callbacks=_some(rng, OF_RUN.values())))
    return tuple(found)


def _some(rng: random.Random, kinds: Iterable[str]) -> dict[str, tuple[str, ...]]:
    return {kind: ("call",) for kind in kinds if rng.random() < 0.6}


def _workers(rng: random.Random) -> tuple[Station, ...]:
    first = Station(rng.randint(1, 4), LOCAL)
    second = rng.choice([None, Station(rng.randint(1, 4), LOCAL), Station(rng.randint(1, 3), LOCAL, ("big",))])
    other = Station(rng.randint(1, 2), "Other") if rng.random() < 0.15 else None
    return tuple(each for each in (first, second, other) if each is not None)


def _outages(rng: random.Random) -> tuple[tuple[float, bool], ...]:
    moments: list[tuple[float, bool]] = []
    at = rng.uniform(2, 25)
    for _ in range(rng.randint(1, 2)):
        length = rng.choice([1, 8, 30, 60, 120])
        moments += [(at, True), (at + length, False)]
        at += length + rng.uniform(2, 20)
    return tuple(moments)


def _dag(rng: random.Random, dag_id: str, pools: tuple[tuple[str, int], ...], where: list[tuple[str, str]]) -> SimDag:
    tasks: list[SimTask] = []
    for n in range(rng.randint(1, 8)):
        tasks.append(_task(rng, f"t{n}", tasks, pools, where))
    is_scheduled = rng.random() < 0.3
    return SimDag(
        dag_id,
        arrange(tasks),
        timetable=DeltaDataIntervalTimetable(timedelta(seconds=10)) if is_scheduled else NullTimetable(),
        end_date=START + timedelta(seconds=rng.choice([5, 15])),
        max_active_runs=rng.randint(1, 2),
        max_active_tasks=rng.randint(1, 5),
    )


def _task(
    rng: random.Random,
    task_id: str,
    above: list[SimTask],
    pools: tuple[tuple[str, int], ...],
    where: list[tuple[str, str]],
) -> SimTask:
    count = min(len(above), rng.choice([0, 1, 1, 1, 2, 2, 3]))
    upstream = tuple(sorted(task.task_id for task in rng.sample(above, count)))
    expand = _expansion(rng, upstream)
    pool, slots = rng.choice(pools)
    executor, queue = rng.choice(where)
    return SimTask(
        task_id,
        0,
        upstream,
        trigger_rule=rng.choice(RULES),
        retries=rng.choice([0, 0, 1, 2]),
        pool=pool,
        pool_slots=min(slots, rng.choice([1, 1, 2])),
        priority=rng.randint(1, 5),
        executor=None if executor == LOCAL else executor,
        queue=None if queue == "default" else queue,
        is_empty=expand is None and rng.random() < 0.15,
        expand=expand,
        is_branch=rng.random() < 0.2,
    )


def _expansion(rng: random.Random, upstream: tuple[str, ...]) -> tuple[tuple[str, Any], ...] | None:
    """Return over what a task is mapped: literals, XComs, or a product of them; mostly it is not."""
    kind = rng.random()
    literal = ("x", rng.choice([0, 1, 2, 3]))
    if kind < 0.1:
        return (literal,)
    if kind < 0.25 and upstream:
        over = (("y", (rng.choice(upstream), "return_value")),)
        if rng.random() < 0.75:
            return over
        more = ("z", (rng.choice(upstream), "return_value")) if rng.random() < 0.5 else ("x", rng.choice([1, 2]))
        return (*over, more)
    return None

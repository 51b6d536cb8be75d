"""Throughput with one scheduler, two and three."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import psycopg
import sqlalchemy as sa
from tradewind.config.sections import SchedulerSection
from tradewind.metadata import tables

from tradewind_perf.cgroups import CpuShare
from tradewind_perf.figures import Sample
from tradewind_perf.goals import at_least, at_most
from tradewind_perf.processes import cpu_seconds
from tradewind_perf.scenario import Bench, CannotMeasureError, Scenario
from tradewind_perf.servers import POSTGRESQL
from tradewind_perf.stage import Stage, open_stage

SLOW_FOLLOW = {"TRADEWIND__SCHEDULER__FAST_FOLLOW": "false"}
DAGS, TASKS = 30, 10
SHARE = 0.3
"""Of one core, for each scheduler: three of them leave most of two cores to the database."""
BUSY = "database busy share of all cores, 3 schedulers, %"
ORDERS = ((1, 2, 3), (3, 1, 2), (2, 3, 1))
"""Each number of schedulers comes first, second and last in turn, as whoever comes later finds a warmer server."""


@dataclass(frozen=True)
class Rate:
    """What some schedulers did.

    Arguments:
        runs: ended a second.
        busy: percentage of all cores that the database took.
        used: percentage of one core that each scheduler took.
    """

    runs: float
    busy: float
    used: float


class DueRuns:
    """Runs that the schedulers make themselves: 30 of each DAG are due as soon as it is let go."""

    file = "perf_due.py"

    def __init__(self, bench: Bench) -> None:
        self._each = bench.size(30)
        self._due: list[dict[str, Any]] = []
        self.runs = DAGS * self._each
        self.environment = {"PERF_RUNS": str(self._each)}

    def prepare(self, stage: Stage) -> None:
        """Make the first run of each DAG the next one that is due, while all are paused."""
        dag = tables.dag
        if not self._due:
            columns = (dag.c.dag_id.label("key"), dag.c.next_run.label("run"), dag.c.due_at.label("at"))
            with stage.database.read() as connection:
                self._due = [dict(row) for row in connection.execute(sa.select(*columns)).mappings()]
        restore = sa.update(dag).where(dag.c.dag_id == sa.bindparam("key"))
        with stage.database.transaction() as connection:
            connection.execute(restore.values(next_run=sa.bindparam("run"), due_at=sa.bindparam("at")), self._due)


class QueuedRuns:
    """Runs that wait for their DAGs, which are switched on all at once: 20 of each DAG."""

    file = "perf_layers.py"

    def __init__(self, bench: Bench) -> None:
        self._each = bench.size(20)
        self.runs = DAGS * self._each
        self.environment = {"PERF_LAYERS": "5", "PERF_WIDTH": "2"}

    def prepare(self, stage: Stage) -> None:
        """Make the runs while their DAGs are paused."""
        stage.trigger(f"perf_layers_{number:02d}" for number in range(DAGS) for _ in range(self._each))


Work: TypeAlias = DueRuns | QueuedRuns


def held(bench: Bench, work: Callable[[Bench], Work]) -> Iterator[Sample]:
    """Yield throughput without fast follow, each scheduler held to the same share of one core."""
    if "fast_follow" not in {each.name for each in dataclasses.fields(SchedulerSection)}:
        raise CannotMeasureError("this Tradewind has no setting scheduler.fast_follow")
    if not CpuShare.is_possible():
        raise CannotMeasureError(
            "no CPU quota can be set for a process here (control group cpu, version 1 or 2, writable)"
        )
    yield from _samples(bench, work(bench), SLOW_FOLLOW, SHARE)


def free(bench: Bench) -> Iterator[Sample]:
    """Yield throughput with fast follow, as much CPU as there is."""
    yield from _samples(bench, DueRuns(bench), {}, None)


def _samples(bench: Bench, work: Work, environment: dict[str, str], share: float | None) -> Iterator[Sample]:
    sizes = {"PERF_DAGS": str(DAGS)} | work.environment | environment
    with open_stage(bench.store(), files=(work.file,), environment=sizes, daemons=("processor",)) as stage:
        stage.await_dags(DAGS)
        stage.stop("processor")
        stage.make_pools()
        bench.say("once to warm up")
        _throughput(stage, work, 1, None)
        for number in range(bench.repeat):
            found: dict[int, Rate] = {}
            for many in ORDERS[number % len(ORDERS)]:
                bench.say(f"run {number + 1}, {many} of 3 schedulers")
                found[many] = _throughput(stage, work, many, share)
            rates = {many: found[many].runs for many in sorted(found)}
            yield {
                **{f"{many} schedulers, empty tasks/s": TASKS * rate for many, rate in rates.items()},
                "2 schedulers, times 1": rates[2] / rates[1],
                "3 schedulers, times 1": rates[3] / rates[1],
                "least step, times": min(rates[2] / rates[1], rates[3] / rates[2]),
                BUSY: found[3].busy,
                "CPU of each of 3 schedulers, % of a core": found[3].used,
                "CPU of the only scheduler, % of a core": found[1].used,
            }


def _throughput(stage: Stage, work: Work, schedulers: int, share: float | None) -> Rate:
    """Let so many schedulers end all runs of a fresh load of work."""
    groups: list[CpuShare] = []
    names = [f"scheduler-{each}" for each in range(schedulers)]
    server = stage.store.server
    assert server is not None
    try:
        _begin_again(stage, work)
        for name in names:
            stage.start("scheduler", name)
        pids = [stage.daemons[name].pid for name in names]
        if share is not None:
            for pid in pids:
                groups.append(CpuShare(pid, share))  # one by one: those before one that fails are lifted too
        base, own, began = cpu_seconds([server]), cpu_seconds(pids), time.monotonic()
        stage.switch(is_paused=False)
        stage.wake()
        stage.await_ended(work.runs)
        seconds = time.monotonic() - began
        busy, used = cpu_seconds([server]) - base, cpu_seconds(pids) - own
    finally:
        for group in groups:
            group.lift()
        stage.stop(*names)
    return Rate(work.runs / seconds, 100 * busy / seconds / (os.cpu_count() or 1), 100 * used / seconds / schedulers)


def _begin_again(stage: Stage, work: Work) -> None:
    """Pause all DAGs, forget all runs, and make what is to be done."""
    stage.switch(is_paused=True)
    with psycopg.connect(stage.store.url, autocommit=True) as connection:
        connection.execute("TRUNCATE dag_run, run_progress, task_instance, task_counter, task_try, continuation")
    work.prepare(stage)


GOALS = (at_least("2 schedulers, times 1", 1.8), at_least("3 schedulers, times 1", 2.5), at_most(BUSY, 60))
SCENARIOS = (
    Scenario(
        "schedulers",
        f"1, 2 and 3 schedulers without fast follow, {DAGS} DAGs with 30 due runs of {TASKS} empty tasks each, over 3 pools; "
        f"each scheduler held to {SHARE:.0%} of a core",
        lambda bench: held(bench, DueRuns),
        GOALS,
        (POSTGRESQL,),
        220,
    ),
    Scenario(
        "schedulers-queued",
        f"the same with 20 queued runs of each of {DAGS} DAGs that are switched on all at once",
        lambda bench: held(bench, QueuedRuns),
        GOALS,
        (POSTGRESQL,),
        200,
    ),
    Scenario(
        "schedulers-free",
        "1, 2 and 3 schedulers with fast follow, due runs, as much CPU as there is",
        free,
        (at_least("least step, times", 1.0),),
        (POSTGRESQL,),
        150,
    ),
)

"""Throughput with one scheduler, two and three."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

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


def held(bench: Bench) -> Iterator[Sample]:
    """Yield throughput without fast follow, each scheduler held to the same share of one core."""
    if "fast_follow" not in {each.name for each in dataclasses.fields(SchedulerSection)}:
        raise CannotMeasureError("this Tradewind has no setting scheduler.fast_follow")
    if not CpuShare.is_possible():
        raise CannotMeasureError(
            "no CPU quota can be set for a process here (control group cpu, version 1 or 2, writable)"
        )
    yield from _samples(bench, SLOW_FOLLOW, SHARE)


def free(bench: Bench) -> Iterator[Sample]:
    """Yield throughput with fast follow, as much CPU as there is."""
    yield from _samples(bench, {}, None)


def _samples(bench: Bench, environment: dict[str, str], share: float | None) -> Iterator[Sample]:
    runs = bench.size(30)
    sizes = {"PERF_DAGS": str(DAGS), "PERF_RUNS": str(runs)} | environment
    with open_stage(bench.store(), files=("perf_due.py",), environment=sizes, daemons=("processor",)) as stage:
        stage.await_dags(DAGS)
        stage.stop("processor")
        pools = [{"name": f"pool_{number}", "slots": 100000} for number in range(3)]
        with stage.database.transaction() as connection:
            connection.execute(tables.pool.insert(), pools)
        due = _due(stage)
        bench.say("once to warm up")
        _throughput(stage, due, 1, DAGS * runs, None)
        for number in range(bench.repeat):
            found: dict[int, Rate] = {}
            for many in ORDERS[number % len(ORDERS)]:
                bench.say(f"run {number + 1}, {many} of 3 schedulers")
                found[many] = _throughput(stage, due, many, DAGS * runs, share)
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


def _due(stage: Stage) -> list[dict[str, Any]]:
    """Return what says when each DAG's next run is due, to begin again from there."""
    dag = tables.dag.c
    with stage.database.read() as connection:
        rows = connection.execute(sa.select(dag.dag_id.label("key"), dag.next_run.label("run"), dag.due_at.label("at")))
        return [dict(row) for row in rows.mappings()]


def _begin_again(stage: Stage, due: list[dict[str, Any]]) -> None:
    """Forget all runs, and make the first one of each DAG due; all are paused."""
    dag = tables.dag
    with psycopg.connect(stage.store.url, autocommit=True) as connection:
        connection.execute("TRUNCATE dag_run, run_progress, task_instance, task_counter, task_try, continuation")
    restore = sa.update(dag).where(dag.c.dag_id == sa.bindparam("key"))
    with stage.database.transaction() as connection:
        connection.execute(restore.values(next_run=sa.bindparam("run"), due_at=sa.bindparam("at"), is_paused=True), due)


def _throughput(stage: Stage, due: list[dict[str, Any]], schedulers: int, runs: int, share: float | None) -> Rate:
    """Let so many schedulers make and end all runs that are due."""
    groups: list[CpuShare] = []
    names = [f"scheduler-{each}" for each in range(schedulers)]
    server = stage.store.server
    assert server is not None
    try:
        _begin_again(stage, due)
        for name in names:
            stage.start("scheduler", name)
        pids = [stage.daemons[name].pid for name in names]
        if share is not None:
            groups = [CpuShare(pid, share) for pid in pids]
        base, own, began = cpu_seconds([server]), cpu_seconds(pids), time.monotonic()
        with stage.database.transaction() as connection:
            connection.execute(sa.update(tables.dag).values(is_paused=False))
        stage.wake()
        stage.await_ended(runs)
        seconds = time.monotonic() - began
        busy, used = cpu_seconds([server]) - base, cpu_seconds(pids) - own
    finally:
        for group in groups:
            group.lift()
        stage.stop(*names)
    return Rate(runs / seconds, 100 * busy / seconds / (os.cpu_count() or 1), 100 * used / seconds / schedulers)


SCENARIOS = (
    Scenario(
        "schedulers",
        f"1, 2 and 3 schedulers without fast follow, {DAGS} DAGs with 30 due runs of {TASKS} empty tasks each, over 3 pools; "
        f"each scheduler held to {SHARE:.0%} of a core",
        held,
        (at_least("2 schedulers, times 1", 1.8), at_least("3 schedulers, times 1", 2.5), at_most(BUSY, 60)),
        (POSTGRESQL,),
        200,
    ),
    Scenario(
        "schedulers-free",
        "the same with fast follow, as much CPU as there is",
        free,
        (at_least("least step, times", 1.0),),
        (POSTGRESQL,),
        120,
    ),
)

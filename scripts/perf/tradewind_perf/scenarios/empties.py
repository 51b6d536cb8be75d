"""Tasks that nothing runs for: at once, in layers, with slow flushes, with one scheduler and with several."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from tradewind.config.sections import SchedulerSection
from tradewind.metadata import tables

from tradewind_perf.cgroups import CpuShare
from tradewind_perf.figures import Sample
from tradewind_perf.goals import at_least, at_most
from tradewind_perf.processes import cpu_seconds
from tradewind_perf.scenario import Bench, Scenario, SkipScenario
from tradewind_perf.servers import MARIADB, POSTGRESQL, SQLITE
from tradewind_perf.stage import Stage, open_stage

SLOW_FOLLOW = {"TRADEWIND__SCHEDULER__FAST_FOLLOW": "false"}


def thousand(bench: Bench) -> Iterator[Sample]:
    """Yield samples of a thousand EmptyOperators, at once and in layers."""
    with open_stage(bench.store(), files=("perf_empty.py",)) as stage:
        stage.run("perf_empty_flat")
        stage.run("perf_empty_layers")
        for number in range(bench.repeat):
            bench.say(f"run {number + 1}")
            yield {
                "1,000 at once s": stage.run("perf_empty_flat"),
                "50 layers of 20 s": stage.run("perf_empty_layers"),
            }


# --- A flush that takes 2 ms more


def slow_flush(bench: Bench) -> Iterator[Sample]:
    """Yield empty tasks ended a second by 32 runs at once, with 2 ms added to each flush of the WAL."""
    width, layers = 10, bench.size(10)
    sizes = {"PERF_DAGS": "32", "PERF_WIDTH": str(width), "PERF_LAYERS": str(layers)}
    with open_stage(bench.store(), files=("perf_layers.py",), environment=sizes) as stage:
        names = [f"perf_layers_{number:02d}" for number in range(32)]
        _make_pools(stage)
        usual = _commits_per_second(stage)
        with _flush_delay(stage):
            for number in range(bench.repeat):
                bench.say(f"run {number + 1}")
                yield {
                    "empty tasks ended per s": 32 * width * layers / _released(stage, names),
                    "commits per s of one client": _commits_per_second(stage),
                    "commits per s of one client, nothing added": usual,
                }


@contextmanager
def _flush_delay(stage: Stage) -> Iterator[None]:
    with psycopg.connect(stage.store.url, autocommit=True) as connection:
        try:
            connection.execute("ALTER SYSTEM SET commit_delay = 2000")
            connection.execute("ALTER SYSTEM SET commit_siblings = 0")
            connection.execute("SELECT pg_reload_conf()")
            time.sleep(0.5)  # each backend reads it before its next statement; this is for those that only commit
            yield
        finally:
            connection.execute("ALTER SYSTEM RESET commit_delay")
            connection.execute("ALTER SYSTEM RESET commit_siblings")
            connection.execute("SELECT pg_reload_conf()")


def _commits_per_second(stage: Stage, seconds: float = 1.0) -> float:
    with psycopg.connect(stage.store.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS perf_commit (n integer)")
        began, done = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            connection.execute("INSERT INTO perf_commit VALUES (1)")
            done += 1
        return done / (time.monotonic() - began)


# --- Schedulers added


def schedulers_held(bench: Bench) -> Iterator[Sample]:
    """Yield throughput of 1, 2 and 3 schedulers without fast follow, each held to the same share of one core."""
    if "fast_follow" not in {each.name for each in dataclasses.fields(SchedulerSection)}:
        raise SkipScenario("this Tradewind has no setting scheduler.fast_follow")
    if not CpuShare.is_possible():
        raise SkipScenario("no CPU quota can be set for a process here (control group cpu, version 1 or 2, writable)")
    share = 0.15
    yield from _schedulers(bench, SLOW_FOLLOW, share)


def schedulers_free(bench: Bench) -> Iterator[Sample]:
    """Yield throughput of 1, 2 and 3 schedulers with fast follow, as much CPU as there is."""
    yield from _schedulers(bench, {}, None)


def _schedulers(bench: Bench, environment: dict[str, str], share: float | None) -> Iterator[Sample]:
    width, layers = bench.size(10), bench.size(10)
    sizes = {"PERF_DAGS": "30", "PERF_WIDTH": str(width), "PERF_LAYERS": str(layers)} | environment
    names = [f"perf_layers_{number:02d}" for number in range(30)]
    tasks = 30 * width * layers
    with open_stage(bench.store(), files=("perf_layers.py",), environment=sizes, daemons=("processor",)) as stage:
        _make_pools(stage)
        stage.stop("processor")
        for number in range(bench.repeat):
            rates: dict[int, float] = {}
            busy = 0.0
            for schedulers in (1, 2, 3):
                bench.say(f"run {number + 1}, {schedulers} schedulers")
                rates[schedulers], busy = _throughput(stage, names, schedulers, tasks, share)
            yield {
                **{f"{many} schedulers, tasks/s": rate for many, rate in rates.items()},
                "2 schedulers, times 1": rates[2] / rates[1],
                "3 schedulers, times 1": rates[3] / rates[1],
                "least step, times": min(rates[2] / rates[1], rates[3] / rates[2]),
                "database busy share of all cores, 3 schedulers, %": busy,
            }


def _throughput(
    stage: Stage, names: list[str], schedulers: int, tasks: int, share: float | None
) -> tuple[float, float]:
    """Return tasks a second, and the percentage of all cores that the database took meanwhile."""
    held: list[CpuShare] = []
    daemons = [f"scheduler-{each}" for each in range(schedulers)]
    try:
        for name in daemons:
            stage.start("scheduler", name)
        stage.run(names[0])  # warms connections and plans
        if share is not None:
            held = [CpuShare(stage.daemons[name].pid, share) for name in daemons]
        assert stage.store.server is not None
        server = cpu_seconds([stage.store.server])
        seconds = _released(stage, names)
        busy = (cpu_seconds([stage.store.server]) - server) / seconds
    finally:
        for each in held:
            each.lift()
        stage.stop(*daemons)
    return tasks / seconds, 100 * busy / (os.cpu_count() or 1)


def _make_pools(stage: Stage) -> None:
    pools = [{"name": f"pool_{number}", "slots": 100000} for number in range(3)]
    with stage.database.transaction() as connection:
        connection.execute(tables.pool.insert(), pools)


def _released(stage: Stage, names: list[str]) -> float:
    """Make a run of each DAG while they are paused, let all go at once, and return the seconds until the last has ended."""
    _pause(stage, names, paused=True)
    stage.trigger(names)
    began = time.monotonic()
    _pause(stage, names, paused=False)
    stage.wake()
    stage.await_runs()
    return time.monotonic() - began


def _pause(stage: Stage, names: list[str], *, paused: bool) -> None:
    dag = tables.dag
    with stage.database.transaction() as connection:
        connection.execute(sa.update(dag).where(dag.c.dag_id.in_(names)).values(is_paused=paused))


SCENARIOS = (
    Scenario(
        "empties",
        "1,000 EmptyOperators at once, and in 50 layers of 20",
        thousand,
        (at_most("1,000 at once s", 0.2), at_most("50 layers of 20 s", 0.6)),
        (POSTGRESQL, SQLITE, MARIADB),
        20,
    ),
    Scenario(
        "flush",
        "32 runs of 100 empty tasks at once, with 2 ms added to each flush of the WAL",
        slow_flush,
        (at_least("empty tasks ended per s", 1000),),
        (POSTGRESQL,),
        60,
    ),
    Scenario(
        "schedulers",
        "1, 2 and 3 schedulers without fast follow, 30 runs of 30 DAGs of empty tasks over 3 pools, each held to 15 % of a core",
        schedulers_held,
        (
            at_least("2 schedulers, times 1", 1.8),
            at_least("3 schedulers, times 1", 2.5),
            at_most("database busy share of all cores, 3 schedulers, %", 60),
        ),
        (POSTGRESQL,),
        200,
    ),
    Scenario(
        "schedulers-free",
        "1, 2 and 3 schedulers with fast follow, the same runs, as much CPU as there is",
        schedulers_free,
        (at_least("least step, times", 1.0),),
        (POSTGRESQL,),
        120,
    ),
)

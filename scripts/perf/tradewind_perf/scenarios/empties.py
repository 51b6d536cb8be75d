"""Tasks that nothing runs for: at once, in layers, and with slow flushes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tradewind_perf.figures import Sample
from tradewind_perf.goals import at_least, at_most
from tradewind_perf.scenario import Bench, Scenario
from tradewind_perf.servers import MARIADB, POSTGRESQL, SQLITE
from tradewind_perf.stage import Stage, open_stage


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
        stage.make_pools()
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


def _released(stage: Stage, names: list[str]) -> float:
    """Make a run of each DAG while they are paused, let all go at once, and return the seconds until the last has ended."""
    stage.switch(is_paused=True)
    stage.trigger(names)
    began = time.monotonic()
    stage.switch(is_paused=False)
    stage.wake()
    stage.await_runs()
    return time.monotonic() - began


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
)

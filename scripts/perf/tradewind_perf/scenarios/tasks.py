"""No-op tasks: a chain, many at once in one file and over many, with the floor probe beside them."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator

import psycopg

from tradewind_perf import statements
from tradewind_perf.figures import Sample, percentile
from tradewind_perf.goals import at_least, at_most
from tradewind_perf.probe import probe
from tradewind_perf.scenario import Bench, Scenario
from tradewind_perf.servers import MARIADB, POSTGRESQL, SQLITE
from tradewind_perf.stage import Stage, open_stage

ALL = (POSTGRESQL, SQLITE, MARIADB)


def lags(stage: Stage) -> list[float]:
    """Return the milliseconds from the end of one task's code to the start of the next one's, of the last run."""
    return [(later[1] - earlier[2]) / 1e6 for earlier, later in itertools.pairwise(stage.times())]


def chain(bench: Bench, length: int) -> Iterator[Sample]:
    """Yield samples of one chain."""
    with open_stage(bench.store(), files=("perf_chain.py",), environment={"PERF_CHAIN": str(length)}) as stage:
        stage.run("perf_chain")  # warms the parent, as in a system that runs already
        for number in range(bench.repeat):
            bench.say(f"run {number + 1}")
            seconds = stage.run("perf_chain")
            found = lags(stage)
            sample = {
                "lag median ms": statistics.median(found),
                "lag p95 ms": percentile(found, 95),
                "makespan s": seconds,
                "warm parent private MiB": stage.parent_mib(),
            }
            floor = probe(bench, stage.store, f"linear:1x{length}", stage.parent_mib())
            if floor:
                sample["floor lag median ms"] = floor["lag_ms_median"]
                sample["lag / floor"] = sample["lag median ms"] / floor["lag_ms_median"]
            yield sample


def fan(bench: Bench, width: int) -> Iterator[Sample]:
    """Yield samples of independent tasks in one file."""
    with open_stage(bench.store(), files=("perf_fan.py",), environment={"PERF_FAN": str(width)}) as stage:
        stage.run("perf_fan")
        for number in range(bench.repeat):
            bench.say(f"run {number + 1}")
            yield _timed(stage, ["perf_fan"], width)


FILE = """
import os
import time

import pendulum
from tradewind import DAG
from tradewind.operators.python import PythonOperator


def note(task_id):
    began = time.monotonic_ns()
    with open(os.environ["PERF_LEDGER"], "a") as ledger:
        ledger.write(f"{{task_id}} {{began}} {{time.monotonic_ns()}}\\n")


with DAG("{name}", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):
    for task_id in ("a", "b"):
        PythonOperator(task_id=task_id, python_callable=note, op_args=[task_id], do_xcom_push=False)
"""


def separate_files(number: int) -> tuple[dict[str, str], list[str]]:
    """Return so many DAG files by name, each with one DAG of two no-op tasks, and the names of their DAGs."""
    names = [f"perf_file_{each:03d}" for each in range(number)]
    return {f"{name}.py": FILE.format(name=name) for name in names}, names


def many_files(bench: Bench, files: int) -> Iterator[Sample]:
    """Yield samples of independent tasks, two in each of many files: more of them than warm parents are kept."""
    texts, names = separate_files(files)
    with open_stage(bench.store(), texts=texts) as stage:
        stage.trigger(names)
        stage.await_runs()
        for number in range(bench.repeat):
            bench.say(f"run {number + 1}")
            yield _timed(stage, names, 2 * files)


def _timed(stage: Stage, dag_ids: list[str], tasks: int) -> Sample:
    stage.ledger.unlink(missing_ok=True)
    cpu, began = stage.cpu(), time.monotonic()
    stage.trigger(dag_ids)
    stage.await_runs()
    seconds, cpu = time.monotonic() - began, stage.cpu() - cpu
    times = stage.times()
    assert len(times) == tasks, f"{len(times)} of {tasks} tasks ran"
    return {
        "tasks/s": tasks / seconds,
        "makespan s": seconds,
        "CPU ms per task": 1000 * cpu / tasks,
    }


def statement_counts(bench: Bench) -> Iterator[Sample]:
    """Yield statements and transactions per task, by what they are for, of a fan and of a chain."""
    width, length = bench.size(200), bench.size(300)
    sizes = {"PERF_FAN": str(width), "PERF_CHAIN": str(length)}
    with (
        open_stage(bench.store(), files=("perf_fan.py", "perf_chain.py"), environment=sizes) as stage,
        psycopg.connect(stage.store.url, autocommit=True) as connection,
    ):
        stage.run("perf_fan")
        stage.run("perf_chain")
        for number in range(bench.repeat):
            bench.say(f"run {number + 1}")
            yield {
                **_at_rest(connection, bench),
                **_counted(bench, stage, connection, "fan", width),
                **_counted(bench, stage, connection, "chain", length),
            }


def _counted(bench: Bench, stage: Stage, connection: statements.Connection, shape: str, tasks: int) -> Sample:
    statements.reset(connection)
    stage.run(f"perf_{shape}")
    found = statements.counted(connection)
    bench.notes[:] = [note for note in bench.notes if not note.startswith(shape)]
    bench.notes.extend(f"{shape}: {line}" for line in found.lines(tasks))
    return {
        f"{shape} statements per task": found.of(statements.WORK) / tasks,
        f"{shape} transactions per task": found.of(statements.TRANSACTION) / tasks,
        f"{shape} heartbeats in all": found.of(statements.HEARTBEAT),
        f"{shape} notifications per task": found.of(statements.NOTIFICATION) / tasks,
    }


REST_SECONDS = 8


def _at_rest(connection: statements.Connection, bench: Bench) -> Sample:
    statements.reset(connection)
    seconds = bench.size(REST_SECONDS)
    time.sleep(seconds)
    found = statements.counted(connection)
    return {"idle polls per s": found.of(statements.WORK) / seconds}


SCENARIOS = (
    Scenario(
        "chain",
        "300 no-op tasks in a chain: lag from the end of one task's code to the start of the next one's",
        lambda bench: chain(bench, bench.size(300)),
        (at_most("lag median ms", 8), at_most("lag / floor", 2)),
        ALL,
        60,
    ),
    Scenario("chain-30", "the same, 30 tasks", lambda bench: chain(bench, bench.size(30)), (), ALL, 20),
    Scenario(
        "fan",
        "200 independent no-op tasks in one file; CPU of all daemons and the database counted",
        lambda bench: fan(bench, bench.size(200)),
        (at_least("tasks/s", 200), at_most("CPU ms per task", 8)),
        ALL,
        30,
    ),
    Scenario(
        "files",
        "200 independent no-op tasks over 100 DAG files; CPU of all daemons and the database counted",
        lambda bench: many_files(bench, bench.size(100)),
        (at_least("tasks/s", 100), at_most("CPU ms per task", 8)),
        ALL,
        60,
    ),
    Scenario(
        "statements",
        "calls that PostgreSQL counted, by what they are for, of a fan of 200 and a chain of 300",
        statement_counts,
        (
            at_most("fan statements per task", 6),
            at_most("chain statements per task", 8),
            at_most("chain transactions per task", 3),
        ),
        (POSTGRESQL,),
        60,
    ),
)

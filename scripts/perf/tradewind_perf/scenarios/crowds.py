"""A database that is full of others: 10,000 idle DAGs, a million finished instances; beside an empty one in the same run."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
from tradewind.metadata import tables
from tradewind.metadata.ids import RANDOM_BITS

from tradewind_perf.figures import Sample
from tradewind_perf.goals import at_most
from tradewind_perf.scenario import Bench, Scenario
from tradewind_perf.scenarios.tasks import lags
from tradewind_perf.servers import POSTGRESQL
from tradewind_perf.stage import Stage, open_stage

LENGTH = 30
CHAINS = 5

IDLE_FILE = """
import pendulum
from tradewind import DAG, chain
from tradewind.operators.empty import EmptyOperator
from tradewind.operators.python import PythonOperator


def nothing():
    pass


for number in range({each}):
    # Its first run is due in years: it is idle, but not paused, and the scheduler looks when it is due
    with DAG(
        f"idle_{file:03d}_{{number:03d}}", schedule="@daily", start_date=pendulum.datetime(2090, 1, 1), catchup=False
    ) as dag:
        chain(
            EmptyOperator(task_id="begin"),
            PythonOperator(task_id="work", python_callable=nothing),
            EmptyOperator(task_id="end"),
        )
    globals()[dag.dag_id] = dag
"""


def idle_dags(bench: Bench) -> Iterator[Sample]:
    """Yield ratios of a system with 10,000 idle DAGs, made from 50 real files, to an empty one."""
    files, each = 50, bench.size(200)

    def fill(stage: Stage) -> None:
        stage.add({f"idle_{file:03d}.py": IDLE_FILE.format(file=file, each=each) for file in range(files)})
        stage.await_dags(1 + files * each)

    yield from _beside_empty(bench, fill, f"{files * each:,} idle DAGs")


def history(bench: Bench) -> Iterator[Sample]:
    """Yield ratios of a system with a million finished instances, of the same DAG and of others, to an empty one."""
    instances = bench.size(1_000_000, least=1000)

    def fill(stage: Stage) -> None:
        stage.run("perf_chain")
        multiply(stage, instances // LENGTH)

    yield from _beside_empty(bench, fill, f"{instances:,} finished instances")


def multiply(stage: Stage, runs: int) -> None:
    """Copy the one finished run, with all that hangs on it, so many times: three of four under other DAGs' names."""
    with psycopg.connect(stage.store.url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        for statement in _copies(runs):
            connection.execute(statement.encode())
        # As autovacuum would do soon: it would be charged to the runs that are measured meanwhile
        connection.execute("VACUUM (ANALYZE)")


def _copies(runs: int) -> Iterator[str]:
    """Yield the statements; ids go down from the original's, so that what is new remains the newest."""
    numbers = f"generate_series(1, {runs}) AS n"
    name = "CASE WHEN n % 4 = 0 THEN dag_id ELSE 'history_' || n % 400 END"
    step = 1_000_000  # microseconds: a run a second, into the past
    back = f"n::bigint * {1000 << RANDOM_BITS}"  # ids tell the time too
    changed = {
        "dag_run": {"id": f"id - {back}", "dag_id": name, "run_id": "run_id || '_' || n"},
        "task_instance": {"id": f"id - {back}", "run": f"run - {back}", "dag_id": name},
        "task_try": {"instance": f"instance - {back}"},
        "task_counter": {"instance": f"instance - {back}"},
        "run_progress": {"run": f"run - {back}"},
    }
    for table in (tables.dag_run, tables.task_instance, tables.task_try, tables.task_counter, tables.run_progress):
        values = dict(changed[table.name])
        for column in table.columns:
            if column.name.endswith("_at") or column.name in (
                "logical_date",
                "data_interval_start",
                "data_interval_end",
            ):
                values[column.name] = f"{column.name} - n::bigint * {step}"
        names = ", ".join(column.name for column in table.columns)
        picked = ", ".join(values.get(column.name, column.name) for column in table.columns)
        yield f"INSERT INTO {table.name} ({names}) SELECT {picked} FROM {table.name}, {numbers}"


def _beside_empty(bench: Bench, fill: Callable[[Stage], None], what: str) -> Iterator[Sample]:
    with ExitStack() as stack:
        stages: list[Stage] = []
        for _ in range(2):
            sizes = {"PERF_CHAIN": str(LENGTH)}
            stages.append(stack.enter_context(open_stage(bench.store(), files=("perf_chain.py",), environment=sizes)))
        empty, full = stages
        bench.say(f"filling: {what}")
        fill(full)
        for stage in stages:
            # Both schedulers begin anew: what filling left in one would be no property of a full database
            stage.stop("scheduler")
            stage.start("scheduler")
            stage.run("perf_chain")
        for number in range(bench.repeat):
            bench.say(f"run {number + 1}")
            yield _compared(empty, full)


def _compared(empty: Stage, full: Stage) -> Sample:
    found: dict[str, list[float]] = {"empty": [], "full": []}
    cpu = {"empty": 0.0, "full": 0.0}
    for _ in range(CHAINS):  # in turn, so that what else the machine does strikes both
        for name, stage in (("empty", empty), ("full", full)):
            before = stage.cpu()
            stage.run("perf_chain")
            cpu[name] += stage.cpu() - before
            found[name] += lags(stage)
    lag = {name: statistics.median(values) for name, values in found.items()}
    memory = {name: stage.memory()["scheduler"] for name, stage in (("empty", empty), ("full", full))}
    return {
        "lag median ms, empty": lag["empty"],
        "lag median ms, full": lag["full"],
        "lag, full / empty": lag["full"] / lag["empty"],
        "CPU ms per task, empty": 1000 * cpu["empty"] / CHAINS / LENGTH,
        "CPU ms per task, full": 1000 * cpu["full"] / CHAINS / LENGTH,
        "scheduler MiB, empty": memory["empty"],
        "scheduler MiB, full": memory["full"],
        "scheduler memory, full / empty": memory["full"] / memory["empty"],
    }


GOALS = (at_most("lag, full / empty", 1.2), at_most("scheduler memory, full / empty", 1.2))
SCENARIOS = (
    Scenario(
        "idle-dags",
        "a chain beside 10,000 idle DAGs, against an empty database",
        idle_dags,
        GOALS,
        (POSTGRESQL,),
        120,
    ),
    Scenario(
        "history",
        "a chain beside 1,000,000 finished instances, against an empty database",
        history,
        GOALS,
        (POSTGRESQL,),
        120,
    ),
)

"""One cell: one scenario on one system. Each returns plain figures."""

from __future__ import annotations

import itertools
import statistics
import time
from pathlib import Path

import psycopg

from tradewind_perf.compare import files
from tradewind_perf.compare.airflow import Airflow, put
from tradewind_perf.figures import percentile

Cell = dict[str, float]
RUN_SECONDS = 300
PARSE_SECONDS = 150
# What neither side is charged for: transaction control, session settings, and the driver's looks at the catalogue.
_NOT_COUNTED = (
    "begin|commit|rollback|savepoint|release|show|set|discard|listen|select pg_|"
    r"select count\(\*\) from (dag_run|serialized_dag)"
)
_CALLS = f"""
    SELECT coalesce(sum(calls), 0)::integer FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
    WHERE datname = current_database() AND query !~* '^({_NOT_COUNTED})'
"""


def times(ledger: Path) -> list[tuple[int, int]]:
    """Return (began, ended) of the tasks of a ledger, in ns, by the time they began."""
    rows = [line.split() for line in ledger.read_text().splitlines()]
    return sorted((int(began), int(ended)) for _, began, ended in rows)


def lag_figures(ledger: Path) -> Cell:
    """Return the lag from the end of one task's code to the start of the next one's."""
    lags = [(later[0] - earlier[1]) / 1e6 for earlier, later in itertools.pairwise(times(ledger))]
    return {"lag median ms": statistics.median(lags), "lag p95 ms": percentile(lags, 95)}


def run_cell(airflow: Airflow, name: str) -> Cell:
    """Trigger one DAG of a running Airflow by its command line, and wait for the end of its run."""
    airflow.ledger.unlink(missing_ok=True)
    with psycopg.connect(airflow.url, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_statements_reset()")
        own, server = airflow.cpu()
        airflow.command("dags", "trigger", name)
        _await(
            connection, f"SELECT count(*) FROM dag_run WHERE dag_id = '{name}' AND state IN ('success', 'failed')", 1
        )
        own_after, server_after = airflow.cpu()
        calls = _one(connection, _CALLS)
        failed = _one(connection, f"SELECT count(*) FROM task_instance WHERE dag_id = '{name}' AND state != 'success'")
        seconds = float(
            _one(connection, f"SELECT extract(epoch FROM end_date - queued_at) FROM dag_run WHERE dag_id = '{name}'")
        )
    if failed:
        raise RuntimeError(
            f"{airflow.peer.name}: {failed} tasks of {name} did not succeed; see the logs in {airflow.home}"
        )
    tasks = files.TASKS[name]
    found: Cell = {
        "makespan s": seconds,
        "tasks/s": tasks / seconds,
        "CPU ms per task, daemons": 1000 * (own_after - own) / tasks,
        "CPU ms per task, database": 1000 * (server_after - server) / tasks,
        "statements per task": calls / tasks,
    }
    return found | (lag_figures(airflow.ledger) if name == "chain30" else {})


def parse_cell(airflow: Airflow) -> Cell:
    """Run its DAG processor once over an empty folder, over the file for the first time, and over the unchanged file.

    What it takes for the empty folder, its start above all, is taken off the other two.
    """
    put(airflow)
    nothing = _processor_once(airflow, 0)
    put(airflow, "parse200")
    first, again = _processor_once(airflow, 200), _processor_once(airflow, 200)
    found: Cell = {
        "empty folder s": nothing[0],
        "first s": first[0] - nothing[0],
        "first statements": first[1] - nothing[1],
        "unchanged s": again[0] - nothing[0],
        "unchanged statements": again[1] - nothing[1],
    }
    # On a busy machine its start alone may vary by more than the file takes; that is no figure then
    return {name: value for name, value in found.items() if value > 0}


def _processor_once(airflow: Airflow, dags: int) -> tuple[float, float]:
    with psycopg.connect(airflow.url, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_statements_reset()")
        began = time.monotonic()
        process = airflow.spawn(
            "dag-processor", "--num-runs", "1", more={"AIRFLOW__SCHEDULER__STANDALONE_DAG_PROCESSOR": "True"}
        )
        airflow.processes.append(process)
        try:
            process.wait(PARSE_SECONDS)
            seconds = time.monotonic() - began
        finally:
            airflow.stop()
        calls = _one(connection, _CALLS)
        known = _one(connection, "SELECT count(*) FROM serialized_dag WHERE dag_id LIKE 'parse200%'")
    if known < dags:
        raise RuntimeError(f"{airflow.peer.name} read {known} of {dags} DAGs; see the logs in {airflow.home}")
    return seconds, float(calls)


def _await(connection: psycopg.Connection[tuple[object, ...]], query: str, wanted: int) -> None:
    deadline = time.monotonic() + RUN_SECONDS
    while _one(connection, query) < wanted:
        if time.monotonic() > deadline:
            raise TimeoutError(f"not ended after {RUN_SECONDS} s: {query}")
        time.sleep(0.1)


def _one(connection: psycopg.Connection[tuple[object, ...]], query: str) -> float:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return float(str(row[0]))

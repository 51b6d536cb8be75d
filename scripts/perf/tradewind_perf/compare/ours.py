"""The comparison's scenarios on Tradewind: medians of several runs on the same files."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from tradewind_perf import statements
from tradewind_perf.compare import files
from tradewind_perf.compare.measuring import Cell, lag_figures
from tradewind_perf.figures import Sample, gather
from tradewind_perf.processes import cpu_seconds
from tradewind_perf.scenarios.parsing import rounds
from tradewind_perf.servers import POSTGRESQL, Servers
from tradewind_perf.stage import Stage, open_stage


def run_ours(servers: Servers, name: str, repeat: int) -> Cell:
    """Run one DAG so often, after once to warm up, and return the medians."""
    texts = {f"{name}.py": files.text(name, "tradewind")}
    with open_stage(servers.store(POSTGRESQL), texts=texts) as stage:
        stage.run(name)
        with psycopg.connect(stage.store.url, autocommit=True) as connection:
            return _medians(lambda: _run(stage, connection, name), repeat)


def parse_ours(servers: Servers, repeat: int) -> Cell:
    """Read the file of 200 DAGs so often, each on a fresh database, and return the medians."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "parse200.py"
        file.write_text(files.text("parse200", "tradewind"))

        def read() -> Sample:
            with tempfile.TemporaryDirectory() as home:
                first, first_calls, again, again_calls = rounds(servers.store(POSTGRESQL), Path(home), file)
            return {
                "first s": first,
                "first statements": first_calls,
                "unchanged s": again,
                "unchanged statements": again_calls,
            }

        return _medians(read, repeat)


def _run(stage: Stage, connection: statements.Connection, name: str) -> Sample:
    statements.reset(connection)
    assert stage.store.server is not None
    pids, server = [each.pid for each in stage.daemons.values()], [stage.store.server]
    own, base, began = cpu_seconds(pids), cpu_seconds(server), time.monotonic()
    stage.run(name)
    seconds, tasks = time.monotonic() - began, files.TASKS[name]
    found = {
        "makespan s": seconds,
        "tasks/s": tasks / seconds,
        "CPU ms per task, daemons": 1000 * (cpu_seconds(pids) - own) / tasks,
        "CPU ms per task, database": 1000 * (cpu_seconds(server) - base) / tasks,
        "statements per task": _charged(statements.counted(connection)) / tasks,
    }
    return found | (lag_figures(stage.ledger) if name == "chain30" else {})


def _charged(found: statements.Counted) -> int:
    """Return the calls that Airflow is charged for too, which cannot be told apart there: heartbeats and polls are among them."""
    return sum(found.of(kind) for kind in (statements.WORK, statements.HEARTBEAT, statements.NOTIFICATION))


def _medians(measure: Callable[[], Sample], repeat: int) -> Cell:
    return {name: figure.median for name, figure in gather([measure() for _ in range(repeat)]).items()}

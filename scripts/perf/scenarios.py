"""The scenarios: each returns one row of figures."""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from perf.parsing import measure_parsing
from perf.stage import DAGS, open_stage, postgres_backends_cpu, statement_count

Row = Mapping[str, float | str]
FLOOR = Path(__file__).with_name("floor.py")


def chain(database: str, *, length: int = 30) -> Row:
    """A chain of no-op tasks: lag from the end of one task's code to the start of the next one's."""
    with open_stage(database, files=("perf_chain.py",), environment={"PERF_CHAIN": str(length)}) as stage:
        stage.run("perf_chain")  # warms the parent, as in a system that runs already
        counted = statement_count(stage.database)
        seconds = stage.run("perf_chain")
        times = stage.times()
        counted = statement_count(stage.database) - counted
    lags = [(later[1] - earlier[2]) / 1e6 for earlier, later in itertools.pairwise(times)]
    median, floor = statistics.median(lags), _floor(database)
    return {
        "tasks": length,
        "lag median ms": round(median, 2),
        "lag p95 ms": round(statistics.quantiles(lags, n=20)[18], 2),
        "floor median ms": floor["lag_ms_median"],
        "lag / floor": round(median / floor["lag_ms_median"], 2),
        "makespan s": round(seconds, 3),
        "statements per task": round(counted / length, 1) if counted else "–",
    }


def _floor(database: str) -> dict[str, float]:
    """Run the floor probe in a fresh process: claim, fork of a parent of the same size, end, notify, nothing else."""
    command = [sys.executable, str(FLOOR), "--links", "100", "--database", database, "--json"]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def fan(database: str, *, width: int = 200) -> Row:
    """Independent no-op tasks: tasks per second from trigger to end, and the CPU of one task, database included."""
    with open_stage(database, files=("perf_fan.py",), environment={"PERF_FAN": str(width)}) as stage:
        stage.run("perf_fan")
        counted, cpu = statement_count(stage.database), stage.cpu_seconds() + postgres_backends_cpu()
        seconds = stage.run("perf_fan")
        cpu = stage.cpu_seconds() + postgres_backends_cpu() - cpu
        counted = statement_count(stage.database) - counted
    return {
        "tasks": width,
        "tasks/s": round(width / seconds, 1),
        "makespan s": round(seconds, 3),
        "CPU ms per task": round(1000 * cpu / width, 1),
        "statements per task": round(counted / width, 1) if counted else "–",
    }


def empty(database: str) -> Row:
    """A thousand EmptyOperators: at once, and in 50 layers of 20."""
    with open_stage(database, files=("perf_empty.py",)) as stage:
        flat = [stage.run("perf_empty_flat") for _ in range(3)]
        layers = [stage.run("perf_empty_layers") for _ in range(3)]
    return {
        "1,000 at once s": round(statistics.median(flat), 3),
        "50 layers of 20 s": round(statistics.median(layers), 3),
    }


def memory(database: str) -> Row:
    """Proportional memory of each daemon with all its processes, after a run."""
    with open_stage(database, files=("perf_fan.py",)) as stage:
        stage.run("perf_fan")
        sizes = stage.memory()
    return {f"{name} MiB": round(size, 1) for name, size in sizes.items()} | {"all MiB": round(sum(sizes.values()), 1)}


def cli(_database: str) -> Row:
    """`tradewind version` and `--help`, beside a Python that does nothing; medians of nine."""
    words = {
        "python -c pass ms": ["-c", "pass"],
        "version ms": ["-m", "tradewind", "version"],
        "--help ms": ["-m", "tradewind", "--help"],
        "dags --help ms": ["-m", "tradewind", "dags", "--help"],
    }
    return {name: round(_median_ms([sys.executable, *command]), 1) for name, command in words.items()}


def startup(database: str) -> Row:
    """Seconds from starting the daemons on a migrated database until a DAG file is known and both leases stand."""
    with open_stage(database, files=("perf_chain.py",)) as stage:
        return {"processor, worker and scheduler ready, file read s": round(stage.seconds_to_ready, 2)}


def parse(database: str) -> Row:
    """One file of 200 DAGs × 5 tasks: seconds and statements, first and unchanged, beside the bare import."""
    bare = _median_ms([sys.executable, "-c", _BARE_IMPORT], repeat=3, own_clock=True)
    with tempfile.TemporaryDirectory() as folder:
        first, first_statements, again, again_statements = measure_parsing(
            database, Path(folder), DAGS / "perf_parse.py"
        )
    return {
        "bare import ms": round(bare, 1),
        "first ms": round(first * 1000, 1),
        "first statements": first_statements,
        "first / import": round(first * 1000 / bare, 2),
        "unchanged ms": round(again * 1000, 1),
        "unchanged statements": again_statements,
    }


# Imports what a warm processor has imported, then times the file alone.
_BARE_IMPORT = f"""
import time, pendulum, importlib.util
import tradewind.authoring.dag, tradewind.operators.bash, tradewind.operators.python, tradewind.operators.empty
from tradewind import DAG, chain
spec = importlib.util.spec_from_file_location("perf_parse", {str(DAGS / "perf_parse.py")!r})
module = importlib.util.module_from_spec(spec)
began = time.perf_counter()
spec.loader.exec_module(module)
print((time.perf_counter() - began) * 1000)
"""

SCENARIOS: Mapping[str, Callable[[str], Row]] = {
    "parse": parse,
    "chain": chain,
    "fan": fan,
    "empty": empty,
    "memory": memory,
    "startup": startup,
    "cli": cli,
}


def _median_ms(command: list[str], *, repeat: int = 9, own_clock: bool = False) -> float:
    found = []
    for _ in range(repeat):
        began = time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
        found.append(float(done.stdout) if own_clock else (time.perf_counter() - began) * 1000)
    return statistics.median(found)

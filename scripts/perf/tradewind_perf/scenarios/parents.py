"""`python -m perf.parents`: 300 DAG files, runs of three versions of each under way, and what the worker's memory does.

Each file keeps 8 MiB that it makes at import. First the caps are those of the configuration's defaults, of which the count
(20) binds; then the count is free and 256 MiB bind.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Mapping

import psutil
import sqlalchemy as sa
from tradewind.cli.triggering import trigger
from tradewind.metadata import tables
from tradewind.metadata.clock import SystemClock
from tradewind.transitions.states import ENDED_RUN

from perf.stage import Stage, _pss, _tree, open_stage

FILES, VERSIONS = 300, 3
MIB = 1 << 20
PATIENCE = 900.0
SAMPLE_SECONDS = 0.25
TEXT = """
from tradewind import DAG, task

VERSION = {version}
DATA = bytearray(b"x" * (8 << 20))

with DAG("many_{number}", schedule=None, max_active_runs=10):

    @task
    def first():
        return VERSION

    @task(pool="gate")
    def second(version):
        assert version == VERSION and len(DATA) == 8 << 20

    second(first())
"""
CAPS: Mapping[str, Mapping[str, str]] = {
    "20 parents": {},
    "256 MiB": {"TRADEWIND__EXECUTION__MAX_PARENTS": "10000", "TRADEWIND__EXECUTION__MAX_PARENTS_MEMORY": "256"},
}


class Watch:
    """The most that the worker and what it forks took, and the most processes, while the block runs."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.most_bytes = 0
        self.most_processes = 0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(SAMPLE_SECONDS):
            tree = list(_tree(self._pid))
            self.most_processes = max(self.most_processes, len(tree))
            self.most_bytes = max(self.most_bytes, sum(map(_pss, tree)))


def main() -> None:
    """Measure under each of the caps, and print a line of a Markdown table for each."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| cap | runs | tasks | seconds | tasks/s | most memory (PSS) | most processes | at the end |")
    print("|---|---|---|---|---|---|---|---|")
    for name, environment in CAPS.items():
        print(f"| {name} | {measure(environment)} |", flush=True)


def measure(environment: Mapping[str, str]) -> str:
    """Return the cells of one line."""
    with open_stage("sqlite", files=(), environment=environment) as stage:
        pool = {"name": "gate", "slots": 0}
        with stage.database.transaction() as connection:
            connection.execute(tables.pool.insert().values(pool))
        worker = stage.processes["worker"].pid
        began = time.monotonic()
        with Watch(worker) as watch:
            for version in range(1, VERSIONS + 1):
                _deploy(stage, version)
                _trigger(stage)
            _await(stage, f"every {'first'}", _ended(stage, "first"), FILES * VERSIONS)
            with stage.database.transaction() as connection:
                connection.execute(tables.pool.update().where(tables.pool.c.name == "gate").values(slots=1000))
            _await(stage, "every run", _ended_runs(stage), FILES * VERSIONS)
        seconds = time.monotonic() - began
        left = list(_tree(worker))
        tasks = 2 * FILES * VERSIONS
        return (
            f"{FILES * VERSIONS} | {tasks} | {seconds:.0f} | {tasks / seconds:.0f} | {watch.most_bytes / MIB:.0f} MiB | "
            f"{watch.most_processes} | {sum(map(_pss, left)) / MIB:.0f} MiB in {len(left)} processes"
        )


def _deploy(stage: Stage, version: int) -> None:
    for number in range(FILES):
        half = stage.home / "half.py"
        half.write_text(TEXT.format(version=version, number=number))
        half.replace(stage.home / "dags" / f"many_{number}.py")

    def count() -> int:
        with stage.database.read() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(tables.dag_version)).scalar_one())

    _await(stage, f"version {version} of every file", count, FILES * version)


def _trigger(stage: Stage) -> None:
    for number in range(FILES):
        trigger(stage.session, f"many_{number}", run_id=None, logical_date=SystemClock().now(), conf={})


def _ended(stage: Stage, task_id: str):
    def count() -> int:
        t = tables.task_instance.c
        query = sa.select(sa.func.count()).where(t.task_id == task_id, t.state == "success")
        with stage.database.read() as connection:
            return int(connection.execute(query).scalar_one())

    return count


def _ended_runs(stage: Stage):
    def count() -> int:
        query = sa.select(sa.func.count()).where(tables.dag_run.c.state.in_(ENDED_RUN))
        with stage.database.read() as connection:
            return int(connection.execute(query).scalar_one())

    return count


def _await(stage: Stage, what: str, count, wanted: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while (found := count()) < wanted:
        if time.monotonic() > deadline or not all(psutil.pid_exists(each.pid) for each in stage.processes.values()):
            raise TimeoutError(f"{what}: only {found} of {wanted}")
        time.sleep(0.2)


if __name__ == "__main__":
    main()

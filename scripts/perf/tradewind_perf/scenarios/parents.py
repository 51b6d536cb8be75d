"""Many DAG files, runs of three versions of each under way: what the worker's warm parents take, under each of their caps."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from tradewind.metadata import tables

from tradewind_perf.figures import Sample
from tradewind_perf.processes import MIB, proportional_bytes, tree
from tradewind_perf.scenario import Bench, Scenario
from tradewind_perf.servers import MARIADB, POSTGRESQL, SQLITE
from tradewind_perf.stage import Stage, open_stage

VERSIONS = 3
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
BY_MEMORY = {"TRADEWIND__EXECUTION__MAX_PARENTS": "10000", "TRADEWIND__EXECUTION__MAX_PARENTS_MEMORY": "256"}


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
            self.most_processes = max(self.most_processes, len(tree(self._pid)))
            self.most_bytes = max(self.most_bytes, proportional_bytes(self._pid))


def parents(bench: Bench, environment: Mapping[str, str]) -> Iterator[Sample]:
    """Yield what the worker took; each file keeps 8 MiB that it makes at import."""
    files = bench.size(100)
    runs, tasks = files * VERSIONS, 2 * files * VERSIONS
    for _ in range(bench.repeat):
        with open_stage(bench.store(), environment=environment) as stage:
            worker = stage.daemons["worker"].pid
            _set_gate(stage, 0)
            began = time.monotonic()
            with Watch(worker) as watch:
                for version in range(1, VERSIONS + 1):
                    bench.say(f"version {version} of {files} files")
                    _deploy(stage, files, version)
                _wait(stage, _ended(tables.task_instance, "first"), runs)
                _set_gate(stage, 1000)
                stage.await_runs()
            seconds = time.monotonic() - began
            yield {
                "tasks/s": tasks / seconds,
                "most MiB (PSS)": watch.most_bytes / MIB,
                "most processes": watch.most_processes,
                "MiB at the end": proportional_bytes(worker) / MIB,
                "processes at the end": len(tree(worker)),
            }


def _set_gate(stage: Stage, slots: int) -> None:
    pool = tables.pool
    with stage.database.transaction() as connection:
        connection.execute(sa.delete(pool).where(pool.c.name == "gate"))
        connection.execute(pool.insert().values({"name": "gate", "slots": slots}))
    stage.wake()


def _deploy(stage: Stage, files: int, version: int) -> None:
    stage.add({f"many_{number}.py": TEXT.format(version=version, number=number) for number in range(files)})
    _wait(stage, sa.select(sa.func.count()).select_from(tables.dag_version), files * version)
    stage.trigger(f"many_{number}" for number in range(files))


def _ended(table: sa.Table, task_id: str) -> sa.Select[Any]:
    return sa.select(sa.func.count()).where(table.c.task_id == task_id, table.c.state == "success")


def _wait(stage: Stage, query: sa.Select[Any], wanted: int) -> None:
    stage.await_count(query, wanted, "rows")


SCENARIOS = (
    Scenario(
        "parents",
        "100 DAG files of 8 MiB, runs of three versions of each under way, at most 20 warm parents",
        lambda bench: parents(bench, {}),
        (),
        (SQLITE, POSTGRESQL, MARIADB),
        120,
        runs=1,
    ),
    Scenario(
        "parents-memory",
        "the same, at most 256 MiB of warm parents",
        lambda bench: parents(bench, BY_MEMORY),
        (),
        (SQLITE, POSTGRESQL, MARIADB),
        120,
        runs=1,
    ),
)

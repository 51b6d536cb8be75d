"""Many DAG files, runs of three versions of each under way: what the worker's warm parents take, under each of their caps."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from tradewind.metadata import tables

from tradewind_perf.figures import Sample
from tradewind_perf.processes import MIB, proportional_bytes, tree
from tradewind_perf.sampling import sampled
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


class Most:
    """The most that the worker and what it forks took, and the most processes."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.bytes = 0
        self.processes = 0

    def look(self) -> None:
        """Take note of what there is now."""
        self.processes = max(self.processes, len(tree(self._pid)))
        self.bytes = max(self.bytes, proportional_bytes(self._pid))


def parents(bench: Bench, environment: Mapping[str, str]) -> Iterator[Sample]:
    """Yield what the worker took; each file keeps 8 MiB that it makes at import."""
    files = bench.size(100)
    runs, tasks = files * VERSIONS, 2 * files * VERSIONS
    for _ in range(bench.repeat):
        with open_stage(bench.store(), environment=environment) as stage:
            worker = stage.daemons["worker"].pid
            _set_gate(stage, 0)
            began = time.monotonic()
            most = Most(worker)
            with sampled(most.look, SAMPLE_SECONDS):
                for version in range(1, VERSIONS + 1):
                    bench.say(f"version {version} of {files} files")
                    _deploy(stage, files, version)
                stage.await_count(_succeeded("first"), runs, "first tasks have ended")
                _set_gate(stage, 1000)
                stage.await_runs()
            seconds = time.monotonic() - began
            yield {
                "tasks/s": tasks / seconds,
                "most MiB (PSS)": most.bytes / MIB,
                "most processes": most.processes,
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
    versions = sa.select(sa.func.count()).select_from(tables.dag_version)
    stage.await_count(versions, files * version, "versions are known")
    stage.trigger(f"many_{number}" for number in range(files))


def _succeeded(task_id: str) -> sa.Select[Any]:
    ti = tables.task_instance.c
    return sa.select(sa.func.count()).where(ti.task_id == task_id, ti.state == "success")


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

"""The published benchmark of Airflow 2.0, and fan-outs that come together again, each beside the floor probe or a small one."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tradewind_perf.figures import Sample
from tradewind_perf.goals import at_most
from tradewind_perf.load import TICKS
from tradewind_perf.probe import probe
from tradewind_perf.scenario import Bench, Scenario
from tradewind_perf.servers import POSTGRESQL, SQLITE
from tradewind_perf.stage import Stage, open_stage

SHAPES = {
    "100 x 10 linear": ("perf_short", 100, "linear:{dags}x10"),
    "10 x 100 linear": ("perf_long", 10, "linear:{dags}x100"),
    "100 x 10 trees": ("perf_tree", 100, "tree:{dags}x10"),
}


def published(bench: Bench) -> Iterator[Sample]:
    """Yield makespans of 1,000 tasks in the three graphs, and those of the floor probe with as many slots."""
    with open_stage(bench.store(), files=("perf_published.py",)) as stage:
        stage.await_dags(210)
        stage.run("perf_short_000")
        for number in range(bench.repeat):
            sample: dict[str, float] = {}
            for shape, (prefix, dags, graph) in SHAPES.items():
                bench.say(f"run {number + 1}, {shape}")
                chosen = bench.size(dags)
                seconds = _makespan(stage, [f"{prefix}_{each:03d}" for each in range(chosen)])
                floor = probe(bench, stage.store, graph.format(dags=chosen), stage.parent_mib())
                sample[f"{shape}: makespan s"] = seconds
                sample[f"{shape}: floor makespan s"] = floor["makespan_s"]
                sample[f"{shape}: total lag s"] = seconds - floor["makespan_s"]
                sample[f"{shape}: total lag / floor"] = seconds / floor["makespan_s"] - 1
            yield sample


def _makespan(stage: Stage, names: list[str]) -> float:
    began = time.monotonic()
    stage.trigger(names)
    stage.await_runs()
    return time.monotonic() - began


def big_fan(bench: Bench) -> Iterator[Sample]:
    """Yield the cost of a task in a fan-out and fan-in of 5,000, and in runs of 50 of a tenth as many tasks."""
    large = bench.size(5000, least=100)
    small_runs = max(2, large // 50 // 10)  # a tenth of the large one's tasks: what is left does not change the median
    with open_stage(bench.store(), files=("perf_big.py",), environment={"PERF_BIG": str(large)}) as stage:
        stage.await_dags(4)
        for kind in ("perf_big", "perf_big_empty"):
            stage.run(f"{kind}_50")
        for number in range(bench.repeat):
            bench.say(f"run {number + 1}")
            sample: dict[str, float] = {}
            for name, dag in (("tasks", "perf_big"), ("empty tasks", "perf_big_empty")):
                small = _cost(stage, [f"{dag}_50"] * small_runs, 50)
                big = _cost(stage, [f"{dag}_{large}"], large)
                for figure, before, after in zip(("CPU ms", "wall ms"), small, big, strict=True):
                    sample[f"{name}: {figure} per task of 50"] = before
                    sample[f"{name}: {figure} per task of 5,000"] = after
                    sample[f"{name}: {figure}, 5,000 / 50"] = after / before
            yield sample


def _cost(stage: Stage, runs: list[str], tasks: int) -> tuple[float, float]:
    """Return milliseconds of CPU and of wall time per task, of runs one after the other."""
    cpu, began = stage.cpu(), time.monotonic()
    for dag_id in runs:
        stage.run(dag_id)
    # Less than a tick of the clock that CPU time is told in is one tick
    seconds, cpu = time.monotonic() - began, max(stage.cpu() - cpu, 1 / TICKS)
    number = len(runs) * tasks
    return 1000 * cpu / number, 1000 * seconds / number


SCENARIOS = (
    Scenario(
        "published",
        "1,000 no-op tasks as Airflow 2.0 published them (11.6, 14.3 and 12 s there): makespan less that of the floor probe",
        published,
        tuple(at_most(f"{shape}: total lag / floor", 1) for shape in SHAPES),
        (POSTGRESQL, SQLITE),
        220,
    ),
    Scenario(
        "big-fan",
        "fan-out and fan-in of 5,000 beside 50: cost per task",
        big_fan,
        (
            at_most("tasks: CPU ms, 5,000 / 50", 2),
            at_most("tasks: wall ms, 5,000 / 50", 2),
            at_most("empty tasks: CPU ms, 5,000 / 50", 2),
            at_most("empty tasks: wall ms, 5,000 / 50", 2),
        ),
        (POSTGRESQL, SQLITE),
        230,
        runs=3,
    ),
)

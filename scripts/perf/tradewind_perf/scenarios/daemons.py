"""Daemons: how soon they are ready, what they hold, whether that grows, and what they ask for when idle."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress

import psycopg

from tradewind_perf import statements
from tradewind_perf.figures import Sample, slope
from tradewind_perf.goals import at_most
from tradewind_perf.processes import MIB, largest_descendant, private_bytes, proportional_bytes
from tradewind_perf.sampling import sampled
from tradewind_perf.scenario import Bench, Scenario
from tradewind_perf.scenarios.tasks import separate_files
from tradewind_perf.servers import MARIADB, POSTGRESQL, ROLES, SQLITE
from tradewind_perf.stage import USUAL, Stage, open_stage

ALL = (POSTGRESQL, SQLITE, MARIADB)
FILES = 50
SAMPLE_SECONDS = 0.1


def startup(bench: Bench) -> Iterator[Sample]:
    """Yield seconds from start to ready of each daemon, and what all hold once each file has run, 50 files loaded."""
    texts, names = separate_files(FILES)
    for number in range(bench.repeat):
        bench.say(f"run {number + 1}")
        with open_stage(bench.store(), texts=texts) as stage:
            stage.stop()
            # The files are known and unchanged, as on every day but the first; one daemon starts at a time
            seconds = {f"{kind} ready s": stage.start(kind) for kind in USUAL}
            rest = sum(stage.memory().values())
            stage.trigger(names)
            stage.await_runs()
            held = stage.memory()
        yield {
            **seconds,
            "slowest ready s": max(seconds.values()),
            "all before any task MiB": rest,
            **{f"{kind} MiB": size for kind, size in held.items()},
            "all with warm parents MiB": sum(held.values()),
        }


# --- Whether memory grows


class Rises:
    """The private memory of a process over time.

    Arguments:
        pid: the process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.points: list[tuple[float, float]] = []

    def look(self) -> None:
        """Add a point, if the process still has memory: one that has ended and was not waited for has none."""
        with suppress(OSError):
            size = private_bytes(self._pid)
            if size:
                self.points.append((time.monotonic(), size))

    def per_unit(self, units: int, settled: float = 0.3) -> float:
        """Return bytes gained for each of `units` equal steps, the first part left out, in which caches fill."""
        first, last = self.points[0][0], self.points[-1][0]
        kept = [point for point in self.points if point[0] >= first + settled * (last - first)]
        return slope(kept) * (last - first) / units


def scheduler_slope(bench: Bench) -> Iterator[Sample]:
    """Yield the bytes that the scheduler's private memory gains in a loop, over 10,000 loops with runs among them."""
    loops = bench.size(10000, least=500)
    with open_stage(bench.store(), files=("perf_layers.py",), environment={"PERF_DAGS": "1"}) as stage:
        stage.stop("scheduler")
        stage.stop("processor", "worker")
        for number in range(bench.repeat):
            bench.say(f"run {number + 1}, {loops} loops")
            began = time.monotonic()
            stage.start("scheduler", "scheduler", "--num-runs", str(loops))
            process = stage.daemons["scheduler"]
            rises = Rises(process.pid)
            with sampled(rises.look, SAMPLE_SECONDS):
                runs = _keep_turning(stage, process)
            seconds = time.monotonic() - began
            process.wait()
            del stage.daemons["scheduler"]
            yield {
                "scheduler: bytes gained per loop": rises.per_unit(loops),
                "loops": loops,
                "runs of 100 empty tasks among them": runs,
                "private MiB at the end": rises.points[-1][1] / MIB,
                "seconds": seconds,
            }


def _keep_turning(stage: Stage, process: subprocess.Popen[bytes]) -> int:
    """Wake the scheduler again and again, with a run every half second, until it has turned as often as it was told to."""
    runs, due = 0, time.monotonic()
    with psycopg.connect(stage.store.url, autocommit=True) as connection:
        while process.poll() is None:
            if time.monotonic() >= due:
                stage.trigger(["perf_layers_00"])
                runs, due = runs + 1, time.monotonic() + 0.5
            connection.execute("SELECT pg_notify('scheduler', '')")
            time.sleep(0.001)
    return runs


SETTLE_SECONDS = 70
"""Longer than a worker remembers a try that it started: 60 s, after which a process that has not answered is taken to hang."""


def worker_slope(bench: Bench) -> Iterator[Sample]:
    """Yield the bytes that a worker, with all that lives on in it between tasks, gains with a task."""
    fans = 6
    width = bench.size(200)
    with open_stage(bench.store(), files=("perf_fan.py",), environment={"PERF_FAN": str(width)}) as stage:
        worker = stage.daemons["worker"].pid
        bench.say("once all that a worker keeps for a while is kept")
        settled = time.monotonic() + SETTLE_SECONDS * bench.scale
        while time.monotonic() < settled:
            stage.run("perf_fan")
        for number in range(bench.repeat):
            bench.say(f"run {number + 1}")
            points = [(0, _held(worker))]
            for _ in range(fans):
                stage.run("perf_fan")
                points.append((points[-1][0] + width, _held(worker)))
            growth = {kind: slope([(tasks, held[kind]) for tasks, held in points]) for kind in points[0][1]}
            yield {
                "worker and all it forked: bytes gained per task": growth["all"],
                "its largest process: bytes gained per task": growth["largest"],
                "tasks": fans * width,
            }


def _held(worker: int) -> dict[str, float]:
    """Return what the worker's tree holds (PSS), and the private memory of the largest process in it."""
    return {
        "all": proportional_bytes(worker),
        "largest": max(private_bytes(worker), largest_descendant(worker)),
    }


# --- What idle daemons ask for


def idle(bench: Bench) -> Iterator[Sample]:
    """Yield the statements that each idle daemon makes in a second, heartbeats included; the web server too."""
    seconds = bench.size(30, least=5)
    with (
        open_stage(bench.store(), daemons=(*USUAL, "webserver")) as stage,
        psycopg.connect(stage.store.url, autocommit=True) as connection,
    ):
        time.sleep(bench.size(15, least=1))  # daemons look more seldom the longer nothing happens
        for number in range(bench.repeat):
            bench.say(f"run {number + 1}")
            statements.reset(connection)
            time.sleep(seconds)
            found = statements.counted(connection)
            beats, polls = found.by_role(statements.HEARTBEAT), found.by_role(statements.WORK)
            yield {
                f"{role}: statements per s": (beats.get(role, 0) + polls.get(role, 0)) / seconds for role in ROLES
            } | {"all polls per s": sum(polls.values()) / seconds}


SCENARIOS = (
    Scenario(
        "startup",
        "scheduler, processor and worker one after the other until ready, 50 files loaded; their memory (PSS) after each file ran",
        startup,
        (
            at_most("scheduler ready s", 1),
            at_most("processor ready s", 1),
            at_most("worker ready s", 1),
            at_most("all with warm parents MiB", 300e6 / MIB),  # the limit is told in megabytes
        ),
        ALL,
        90,
    ),
    Scenario(
        "slope",
        "what the scheduler's private memory gains per loop, over 10,000 loops",
        scheduler_slope,
        (at_most("scheduler: bytes gained per loop", 100),),
        (POSTGRESQL,),
        200,
        runs=3,
    ),
    Scenario(
        "worker-slope",
        "what a worker's memory gains per task, over 1,200 tasks",
        worker_slope,
        (at_most("worker and all it forked: bytes gained per task", 500),),
        ALL,
        150,
    ),
    Scenario(
        "idle",
        "statements that idle daemons make in a second",
        idle,
        (),
        (POSTGRESQL,),
        180,
    ),
)

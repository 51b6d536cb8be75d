"""Runs scenarios: progress while they run, the machine's load around each sample, a result at the end."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterator

from tradewind_perf.figures import Sample, gather
from tradewind_perf.load import Load, LoadWatch
from tradewind_perf.results import Result, commit, machine, now
from tradewind_perf.scenario import Bench, CannotMeasureError, Scenario
from tradewind_perf.servers import Servers


def tell(text: str) -> None:
    """Say on stderr how far it is."""
    print(f"  {text} …", file=sys.stderr, flush=True)


def run_scenario(scenario: Scenario, database: str, *, repeat: int, scale: float, servers: Servers) -> Result:
    """Measure one scenario on one database.

    Arguments:
        repeat: samples.
        scale: 1 for the sizes that the goals speak of.
    """
    bench = Bench(database, min(repeat, scenario.runs), scale, servers, tell)
    began = time.monotonic()
    samples: list[Sample] = []
    loads: list[Load] = []
    skipped, has_failed = None, False
    try:
        for sample, load in _watched(scenario.measure(bench)):
            samples.append(sample)
            loads.append(load)
    except CannotMeasureError as reason:
        skipped = str(reason)
    except Exception as error:  # noqa: BLE001  (one scenario that fails must not cost the others' figures)
        traceback.print_exc()
        has_failed = True
        skipped = f"it failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return Result(
        scenario.name,
        database,
        gather(samples),
        tuple(loads),
        time.monotonic() - began,
        now(),
        machine() | {"server": servers.version(database)},
        commit(),
        scale,
        skipped,
        tuple(dict.fromkeys(bench.notes)),
        has_failed,
    )


def _watched(samples: Iterator[Sample]) -> Iterator[tuple[Sample, Load]]:
    """Yield each sample with the load of the machine from when it was asked for."""
    while True:
        watch = LoadWatch()
        try:
            sample = next(samples)
        except StopIteration:
            return
        yield sample, watch.look()

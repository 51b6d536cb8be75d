"""Drawing what a seed stands for."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from simulation import features, features_of_flow, upkeep
from simulation.scenario import (
    CONSUMER,
    FAULTS,
    HARMLESS,
    LOCAL,
    RULES,
    START,
    Scenario,
    SimDag,
    SimTask,
    Station,
    arrange,
)
from tradewind.timetables import AssetTriggeredTimetable, DeltaDataIntervalTimetable, NullTimetable
from tradewind.transitions.callbacks import OF_RUN, OF_TASK
from tradewind_plugins.assets import Asset

__all__ = ["features_of_flow", "generate", "upkeep"]


def generate(seed: int) -> Scenario:
    """Return the scenario of a seed."""
    rng = random.Random(f"scenario {seed}")
    is_tight = rng.random() < 0.25  # one slot that everything wants
    pools = tuple(
        (f"pool{n}", 1 if is_tight else rng.randint(1, 3)) for n in range(1 if is_tight else rng.randint(0, 2))
    )
    choice = pools if is_tight else (*pools, ("default_pool", 128))
    workers = _workers(rng)
    where = sorted({(each.executor, queue) for each in workers for queue in each.queues or ("default",)})
    dags = tuple(_dag(rng, f"dag{n}", choice, where) for n in range(2 if is_tight else rng.randint(1, 2)))
    runs = tuple((rng.uniform(0, 20), rng.choice(dags).dag_id) for _ in range(rng.randint(1, 2)))
    is_calm = rng.random() < 0.15
    faults = frozenset(fault for fault in FAULTS if rng.random() < 0.25 and (fault in HARMLESS or not is_calm))
    consumer, news = _assets(seed)
    plain = Scenario(
        seed=seed,
        dags=_with_callbacks(seed, dags) + consumer,
        news=news,
        runs=runs,
        pools=pools,
        schedulers=rng.choice([1, 2, 2, 3]),
        workers=workers,
        faults=faults,
        outages=_outages(rng) if "outage" in faults else (),
        eagerness=rng.choice([0.0, 0.1, 0.4, 0.4, 1.0]),
        fast_follow=rng.random() < 0.8,
    )
    return features.add(plain)


def _assets(seed: int) -> tuple[tuple[SimDag, ...], tuple[tuple[float, str], ...]]:
    """Return a DAG that is scheduled on assets, and the news of them; in one seed of sixteen, drawn apart from all else."""
    if seed % 16 != 6:
        return (), ()
    rng = random.Random(f"assets {seed}")
    a, b = Asset("a"), Asset("b")
    schedule = rng.choice([a, a & b, a | b])
    tasks = arrange([SimTask("use", 0, is_empty=rng.random() < 0.5)])
    consumer = SimDag(CONSUMER, tasks, timetable=AssetTriggeredTimetable(schedule), max_active_runs=rng.randint(1, 2))
    # Some of them at one moment, and in pairs: two schedulers are woken for one event, or for two at once
    moments = [rng.choice([5.0, rng.uniform(0, 40)]) for _ in range(rng.randint(3, 7))]
    return (consumer,), tuple((at, rng.choice(["a", "b", "a b"])) for at in moments)


def _with_callbacks(seed: int, dags: tuple[SimDag, ...]) -> tuple[SimDag, ...]:
    """Return DAGs, in seven seeds of 32 with callbacks; drawn apart, so that the others are what they were without."""
    rng = random.Random(f"callbacks {seed}")
    if seed % 16 not in {9, 15} and seed % 32 not in {20, 24, 26}:
        return dags
    found = []
    for dag in dags:
        tasks = {
            task_id: task if task.is_empty else replace(task, callbacks=_some(rng, OF_TASK.values()))
            for task_id, task in dag.tasks.items()
        }
        found.append(replace(dag, tasks=tasks, callbacks=_some(rng, OF_RUN.values())))
    return tuple(found)


def _some(rng: random.Random, kinds: Iterable[str]) -> dict[str, tuple[str, ...]]:
    return {kind: ("call",) for kind in kinds if rng.random() < 0.6}


def _workers(rng: random.Random) -> tuple[Station, ...]:
    first = Station(rng.randint(1, 4), LOCAL)
    second = rng.choice([None, Station(rng.randint(1, 4), LOCAL), Station(rng.randint(1, 3), LOCAL, ("big",))])
    other = Station(rng.randint(1, 2), "Other") if rng.random() < 0.15 else None
    return tuple(each for each in (first, second, other) if each is not None)


def _outages(rng: random.Random) -> tuple[tuple[float, bool], ...]:
    moments: list[tuple[float, bool]] = []
    at = rng.uniform(2, 25)
    for _ in range(rng.randint(1, 2)):
        length = rng.choice([1, 8, 30, 60, 120])
        moments += [(at, True), (at + length, False)]
        at += length + rng.uniform(2, 20)
    return tuple(moments)


def _dag(rng: random.Random, dag_id: str, pools: tuple[tuple[str, int], ...], where: list[tuple[str, str]]) -> SimDag:
    tasks: list[SimTask] = []
    for n in range(rng.randint(1, 8)):
        tasks.append(_task(rng, f"t{n}", tasks, pools, where))
    is_scheduled = rng.random() < 0.3
    return SimDag(
        dag_id,
        arrange(tasks),
        timetable=DeltaDataIntervalTimetable(timedelta(seconds=10)) if is_scheduled else NullTimetable(),
        end_date=START + timedelta(seconds=rng.choice([5, 15])),
        max_active_runs=rng.randint(1, 2),
        max_active_tasks=rng.randint(1, 5),
    )


def _task(
    rng: random.Random,
    task_id: str,
    above: list[SimTask],
    pools: tuple[tuple[str, int], ...],
    where: list[tuple[str, str]],
) -> SimTask:
    count = min(len(above), rng.choice([0, 1, 1, 1, 2, 2, 3]))
    upstream = tuple(sorted(task.task_id for task in rng.sample(above, count)))
    expand = _expansion(rng, upstream)
    pool, slots = rng.choice(pools)
    executor, queue = rng.choice(where)
    return SimTask(
        task_id,
        0,
        upstream,
        trigger_rule=rng.choice(RULES),
        retries=rng.choice([0, 0, 1, 2]),
        pool=pool,
        pool_slots=min(slots, rng.choice([1, 1, 2])),
        priority=rng.randint(1, 5),
        executor=None if executor == LOCAL else executor,
        queue=None if queue == "default" else queue,
        is_empty=expand is None and rng.random() < 0.15,
        expand=expand,
        is_branch=rng.random() < 0.2,
    )


def _expansion(rng: random.Random, upstream: tuple[str, ...]) -> tuple[tuple[str, Any], ...] | None:
    """Return over what a task is mapped: literals, XComs, or a product of them; mostly it is not."""
    kind = rng.random()
    literal = ("x", rng.choice([0, 1, 2, 3]))
    if kind < 0.1:
        return (literal,)
    if kind < 0.25 and upstream:
        over = (("y", (rng.choice(upstream), "return_value")),)
        if rng.random() < 0.75:
            return over
        more = ("z", (rng.choice(upstream), "return_value")) if rng.random() < 0.5 else ("x", rng.choice([1, 2]))
        return (*over, more)
    return None

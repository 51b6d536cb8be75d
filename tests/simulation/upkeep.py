"""What keeps a system going, each in one seed of sixteen: watchers of assets, DAGs that are renamed, and what is over, deleted.

Drawn after all else from random streams of their own, and each with a DAG of its own, so that the rest of a seed stays what it is.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from simulation.features import feature_at
from simulation.scenario import CONSUMER, START, Scenario, SimDag, SimTask, arrange
from tradewind.timetables import AssetTriggeredTimetable, DeltaDataIntervalTimetable, NullTimetable
from tradewind.transitions.callbacks import OF_RUN
from tradewind_plugins.assets import Asset

BEFORE, AFTER = "before", "after"
"""The DAG that is renamed, and what it is called then."""
ATTEMPTS = 8
"""How often somebody tries to rename it, while something of it is under way."""
AGED = "aged"
"""The DAG that has more runs than others, so that some are over."""
TABLES = ("xcom", "daemon", "dag_version", "backfill", "asset_event")


@feature_at(7)
def watchers(rng: random.Random, scenario: Scenario) -> Scenario:
    """A DAG has watchers of assets, which see something now and then; it is paused, or gets a new version, meanwhile."""
    a, b = Asset("a"), Asset("b")
    watchers = (("a", "w0"), rng.choice([("a", "w1"), ("b", "w1")]))[: rng.randint(1, 2)]
    consumer = SimDag(
        CONSUMER,
        arrange([SimTask("use", 0, is_empty=rng.random() < 0.5)]),
        timetable=AssetTriggeredTimetable(rng.choice([a, a | b])),
        max_active_runs=rng.randint(1, 2),
        watchers=watchers,
    )
    sightings = [(rng.uniform(0, 25), name) for _, name in watchers for _ in range(rng.randint(2, 4))]
    orders = []
    if rng.random() < 0.4:
        at = rng.uniform(1, 12)
        orders += [(at, "pause", CONSUMER), (at + rng.uniform(2, 15), "unpause", CONSUMER)]
    if rng.random() < 0.5:
        orders.append((rng.uniform(2, 20), "version", CONSUMER))
    return replace(
        scenario,
        dags=(*scenario.dags, consumer),
        news=((rng.uniform(0, 20), "a"),),
        sightings=tuple(sorted(sightings)),
        orders=scenario.orders + tuple(orders),
    )


@feature_at(1)
def renames(rng: random.Random, scenario: Scenario) -> Scenario:
    """A DAG is given another id, as soon as nothing of it is under way; its file says so before, or after a while."""
    dag = SimDag(
        BEFORE,
        _few_tasks(rng),
        timetable=DeltaDataIntervalTimetable(timedelta(seconds=6)) if rng.random() < 0.7 else NullTimetable(),
        end_date=START + timedelta(seconds=rng.choice([6, 12, 40])),
        max_active_runs=rng.randint(1, 2),
        max_consecutive_failed_runs=rng.choice([0, 0, 1, 2]),
        dagrun_timeout=rng.choice([None, 10.0]),
    )
    at, is_file_first = rng.uniform(2, 20), rng.random() < 0.5
    orders = [(at - rng.uniform(0, 2), "reread", BEFORE)] if is_file_first else []
    for attempt in range(ATTEMPTS):
        orders.append((at + 3 * attempt, "rename", f"{BEFORE} {AFTER}"))
        if not is_file_first:
            orders.append((at + 3 * attempt + rng.uniform(0.1, 9), "reread", f"{BEFORE} after"))
    if rng.random() < 0.5:
        orders += [(max(0.0, at - rng.uniform(0, 6)), "pause", BEFORE), (at + rng.uniform(4, 12), "unpause", BEFORE)]
    runs = [(rng.choice([rng.uniform(0, 10), rng.uniform(20, 35)]), BEFORE) for _ in range(rng.randint(1, 3))]
    return _with_own(scenario, dag, runs, orders, of=("pausing", "deadlines", "past"))


@feature_at(15)
def cleaning(rng: random.Random, scenario: Scenario) -> Scenario:
    """What is over is deleted again and again, a few rows at a time, while everything goes on."""
    dag = SimDag(
        AGED,
        _few_tasks(rng) if rng.random() < 0.15 else arrange([SimTask("t0", 0, is_empty=True)]),
        timetable=DeltaDataIntervalTimetable(timedelta(seconds=3)),
        end_date=START + timedelta(seconds=rng.choice([6, 12])),
        catchup=rng.random() < 0.7,
        max_active_runs=rng.randint(1, 3),
        callbacks=dict.fromkeys(OF_RUN.values(), ("call",)) if scenario.has_callbacks and rng.random() < 0.5 else {},
    )
    orders = []
    for _ in range(rng.randint(4, 7)):
        table = rng.choice(TABLES) if rng.random() < 0.4 else "dag_run"
        of_dag = rng.choice([AGED, "-", "-"]) if table == "dag_run" else "-"
        keep = rng.choice([0, 0, 1, 3]) if of_dag != "-" else 0
        words = [table, rng.choice([0, 1, 5]), rng.choice([1, 2, 50]), of_dag, keep]
        orders.append((rng.uniform(5, 32), "clean", " ".join(map(str, words))))
    of = ["past"]
    if rng.random() < 0.3:
        asked = f"{AGED} -6 {rng.choice([-3, 3])} {rng.randint(1, 2)} forward {rng.choice(['none', 'ended'])}"
        orders.append((rng.uniform(2, 20), "backfill", asked))
        of.append("backfill")
    runs = [(rng.uniform(0, 25), AGED) for _ in range(rng.randint(3, 4))]
    scenario = _with_own(scenario, dag, runs, orders, of=of)
    return _with_events(rng, scenario) if rng.random() < 0.5 else scenario


def _with_events(rng: random.Random, scenario: Scenario) -> Scenario:
    """Add news of assets: some make runs, some wait for others, and some nobody asks for."""
    tasks = arrange([SimTask("use", 0, is_empty=True)])
    consumer = SimDag(CONSUMER, tasks, timetable=AssetTriggeredTimetable(Asset("a") & Asset("b")))
    news = tuple((rng.uniform(0, 20), rng.choice(["a", "a", "b", "c"])) for _ in range(rng.randint(3, 5)))
    orders = tuple((rng.uniform(8, 32), "clean", "asset_event 0 50 - 0") for _ in range(2))
    return replace(scenario, dags=(*scenario.dags, consumer), news=news, orders=scenario.orders + orders)


def _few_tasks(rng: random.Random) -> dict[str, SimTask]:
    """Return one or two tasks, of which some wait for the run before."""
    tasks = [SimTask("t0", 0, retries=rng.randint(0, 1), depends_on_past=rng.random() < 0.3)]
    if rng.random() < 0.6:
        over = (("x", ("t0", "return_value")),) if rng.random() < 0.3 else None
        tasks.append(SimTask("t1", 1, upstream=("t0",), expand=over, is_empty=over is None and rng.random() < 0.4))
    return arrange(tasks)


def _with_own(
    scenario: Scenario,
    dag: SimDag,
    runs: list[tuple[float, str]],
    orders: list[tuple[float, str, str]],
    *,
    of: tuple[str, ...] | list[str],
) -> Scenario:
    return replace(
        scenario,
        dags=(*scenario.dags, dag),
        runs=(*scenario.runs, *runs),
        orders=scenario.orders + tuple(orders),
        features=scenario.features | set(of),
    )

"""What only some seeds have: gates across runs, limits of tasks, mapped groups, scopes, holds, backfills, deadlines and more.

Drawn from random streams of their own, after all else, so that a seed without any of it is what it was before there was any:
most mutants are found by one of the first sixteen, which have none.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from simulation.scenario import CHILD, CONSUMER, START, Scenario, SimDag, SimTask, arrange
from tradewind.timetables import DeltaDataIntervalTimetable

PLAIN_SEEDS = frozenset((*range(16), 40, 61, 86, 114, 177, 324))
"""Seeds without features: the first, and those that found a mutant before there were any."""
PERIOD = timedelta(seconds=5)
FIRST = ("backfill", "catchup", "children", "deadlines", "group", "holds", "limits", "past", "pausing", "scopes")
"""What is drawn from one list; who comes later is drawn apart, so that these stay where they are."""
Draw = Callable[[random.Random, Scenario], Scenario]
DRAWN: dict[str, Draw] = {}
SPARED = frozenset({17, 33, 65, 105, 111, 121, 127, 153, 231})
"""Seeds without the feature of their residue: they found a mutant before there was any, or are long enough without it."""
AT: dict[int, str] = {}
"""Which feature one seed of sixteen has besides, by its residue."""


def feature(draw: Draw) -> Draw:
    """Register a feature under its function's name."""
    DRAWN[draw.__name__] = draw
    return draw


def feature_at(residue: int) -> Callable[[Draw], Draw]:
    """Register a feature of one seed of sixteen, drawn after all others."""

    def register(draw: Draw) -> Draw:
        AT[residue] = draw.__name__
        return feature(draw)

    return register


def add(scenario: Scenario) -> Scenario:
    """Return a scenario with what its seed has of features: none, one, or some together."""
    if scenario.seed in PLAIN_SEEDS:
        return scenario
    rng = random.Random(f"features {scenario.seed}")
    found = frozenset(rng.sample(FIRST, rng.choice([0, 0, 1, 1, 2, 2, 2, 3])))
    if scenario.seed % 8 == 3:
        found |= {"marks"}
    if scenario.seed % 8 == 6:
        found |= {"drains"}
    if scenario.seed % 16 in AT and scenario.seed not in SPARED:
        found |= {AT[scenario.seed % 16]}
    for name in sorted(found, key=lambda name: (name in AT.values(), name)):
        scenario = DRAWN[name](random.Random(f"{name} {scenario.seed}"), scenario)
    return replace(scenario, features=scenario.features | found)


@feature
def past(rng: random.Random, scenario: Scenario) -> Scenario:
    """Tasks wait for the previous run of their DAG."""
    dag = _scheduled(rng, _any_dag(rng, scenario))
    dag = replace(dag, catchup=rng.random() < 0.7, max_active_runs=rng.randint(2, 3))
    for task in dag.tasks.values():
        if rng.random() < 0.5:
            gated = replace(
                task,
                depends_on_past=True,
                wait_for_downstream=rng.random() < 0.3,
                ignore_first_depends_on_past=rng.random() < 0.9,
                wait_for_past_depends_before_skipping=rng.random() < 0.3,
            )
            dag = _with_task(dag, gated)
    return _with_dag(scenario, dag)


@feature
def limits(rng: random.Random, scenario: Scenario) -> Scenario:
    """Tasks have limits of their own on how many of their instances are at work, in all runs or in one."""
    dag = _any_dag(rng, scenario)
    dag = replace(dag, max_active_tasks=5, max_active_runs=3)
    for n, task in enumerate(dag.tasks.values()):
        if rng.random() < 0.5:
            most, of_run = rng.randint(1, 2), rng.random() < 0.5
            limited = replace(
                task,
                max_active_tis_per_dag=None if of_run else most,
                max_active_tis_per_dagrun=most if of_run else None,
                priority=rng.randint(1, 2),
                expand=task.expand or ((("x", 3),) if of_run and n < 2 else None),
                is_empty=False,
            )
            dag = _with_task(dag, limited)
    scenario = _with_dag(scenario, dag)
    return replace(scenario, runs=(*scenario.runs, (rng.uniform(0, 12), dag.dag_id)))


@feature
def group(rng: random.Random, scenario: Scenario) -> Scenario:
    """Some tasks of a DAG are in one mapped group, whose instances wait for each other index by index."""
    dag = _any_dag(rng, scenario)
    names = [task.task_id for task in dag.tasks.values() if not (task.is_setup or task.is_teardown)]
    within = rng.sample(names, max(1, len(names) // 2)) if names else []
    count = rng.randint(1, 3)
    for name in within:
        dag = _with_task(dag, replace(dag.tasks[name], mapped_group="g", expand=(("x", count),), is_empty=False))
    return _with_dag(scenario, dag)


@feature
def scopes(rng: random.Random, scenario: Scenario) -> Scenario:
    """A task is a setup, and the last one behind it its teardown."""
    dag = _any_dag(rng, scenario)
    names = list(dag.tasks)
    if len(names) < 3:
        return scenario
    plain = {"expand": None, "mapped_group": None, "is_empty": False, "is_branch": False, "triggers": ""}
    at = rng.randrange(len(names) - 2)
    setup, last = dag.tasks[names[at]], dag.tasks[names[-1]]
    dag = _with_task(dag, replace(setup, **plain, is_setup=True, trigger_rule="all_success"))  # type: ignore[arg-type]
    upstream = tuple(sorted({*last.upstream, setup.task_id, names[-2]}))
    rule = "all_done_setup_success"
    teardown = replace(last, **plain, is_teardown=True, trigger_rule=rule, upstream=upstream)  # type: ignore[arg-type]
    dag = _with_task(dag, teardown)
    for task in dag.tasks.values():
        over = {source[0] for _, source in task.expand or () if not isinstance(source, int)}
        if setup.task_id in over:
            dag = _with_task(dag, replace(dag.tasks[task.task_id], expand=None))
        if setup.task_id in task.upstream and not task.is_teardown:
            dag = _with_task(dag, replace(dag.tasks[task.task_id], trigger_rule="all_success"))
    return _with_dag(scenario, dag)


@feature
def holds(rng: random.Random, scenario: Scenario) -> Scenario:
    """Somebody holds a DAG, a run, or a task of it, and lets it go on later."""
    orders = []
    for _ in range(rng.randint(1, 2)):
        dag = _any_dag(rng, scenario)
        at, words = rng.uniform(0, 12), [dag.dag_id]
        kind = rng.random()
        if kind < 0.6:
            words += [rng.choice(["-", "run"]), rng.choice(list(dag.tasks))]
        elif kind < 0.8:
            words += ["run", "-"]
        else:
            words += ["-", "-"]
        orders += [(at, "hold", " ".join(words)), (at + rng.uniform(4, 25), "release", dag.dag_id)]
    return replace(scenario, orders=scenario.orders + tuple(orders))


@feature
def backfill(rng: random.Random, scenario: Scenario) -> Scenario:
    """Somebody asks for runs of the past, pauses that, lets it go on, or calls it off; perhaps twice."""
    dag = _scheduled(rng, _any_dag(rng, scenario))
    orders = []
    at = rng.uniform(0, 15)
    for _ in range(rng.randint(1, 2)):
        first = rng.choice([-20, -15, -10])
        words = [first, first + rng.choice([10, 15, 25]), rng.randint(1, 2), rng.choice(["forward", "reverse"])]
        asked = " ".join(map(str, [dag.dag_id, *words, rng.choice(["none", "failed", "ended"])]))
        orders.append((at, "backfill", asked))
        if rng.random() < 0.4:
            orders += [
                (at + rng.uniform(0.5, 8), "backfill-paused", dag.dag_id),
                (at + rng.uniform(10, 20), "backfill-running", dag.dag_id),
            ]
        if rng.random() < 0.25:
            orders.append((at + rng.uniform(1, 12), "backfill-cancelled", dag.dag_id))
        at += rng.uniform(15, 30)
    return replace(_with_dag(scenario, dag), orders=scenario.orders + tuple(orders))


@feature
def deadlines(rng: random.Random, scenario: Scenario) -> Scenario:
    """A run may take so long only, and tasks have moments by which they should have succeeded."""
    dag = _any_dag(rng, scenario)
    if rng.random() < 0.5:
        dag = _scheduled(rng, dag)
    slas = {name: rng.choice([1.0, 5.0, 20.0]) for name in dag.tasks if rng.random() < 0.4}
    timeout = rng.choice([None, 3.0, 10.0, 30.0])
    moments = ((rng.choice(["queued_at", "logical_date"]), rng.choice([2.0, 8.0, 20.0])),)
    return _with_dag(
        scenario, replace(dag, slas=slas, dagrun_timeout=timeout, deadlines=moments if rng.random() < 0.5 else ())
    )


@feature
def pausing(rng: random.Random, scenario: Scenario) -> Scenario:
    """A DAG is paused when so many of its runs have failed, one after the other."""
    dag = _scheduled(rng, _any_dag(rng, scenario))
    return _with_dag(scenario, replace(dag, max_consecutive_failed_runs=rng.randint(1, 3)))


@feature
def catchup(rng: random.Random, scenario: Scenario) -> Scenario:
    """A DAG makes up for all that it missed, for the latest, or for nothing; its dates begin before the world does."""
    dag = _scheduled(rng, _any_dag(rng, scenario))
    begin = START - timedelta(seconds=rng.choice([0, 12, 20]))
    word = rng.choice([True, True, False, "none"])
    return _with_dag(scenario, replace(dag, start_date=begin, catchup=word))


@feature
def children(rng: random.Random, scenario: Scenario) -> Scenario:
    """Tasks ask for runs of another DAG."""
    dag = _any_dag(rng, scenario)
    for task in dag.tasks.values():
        if not task.is_empty and rng.random() < 0.6:
            asking = replace(task, triggers=rng.choice(["once", "again", "again"]), retries=task.retries or 1)
            dag = _with_task(dag, asking)
    child = SimDag(CHILD, arrange([SimTask("t0", 0), SimTask("t1", 1, upstream=("t0",), is_empty=True)]))
    scenario = _with_dag(scenario, dag)
    return replace(scenario, dags=(*scenario.dags, child))


@feature
def marks(rng: random.Random, scenario: Scenario) -> Scenario:
    """Somebody says how tasks or runs have ended, and gives what waits another priority."""
    if scenario.has_callbacks:
        return scenario  # what is owed for a mark is told apart from what tries and runs bring about by themselves
    orders = []
    for _ in range(rng.randint(1, 3)):
        dag = _any_dag(rng, scenario)
        at, task_id = rng.uniform(3, 30), rng.choice(list(dag.tasks))
        if rng.random() < 0.7:
            state = rng.choice(["success", "failed", "skipped"])
            orders.append((at, "mark", f"{dag.dag_id} {task_id} {state}"))
        else:
            orders.append((at, "mark", f"{dag.dag_id} - {rng.choice(['success', 'failed'])}"))
        orders.append((rng.uniform(1, 15), "priority", f"{dag.dag_id} {task_id} {rng.randint(-3, 9)}"))
    return replace(scenario, orders=scenario.orders + tuple(orders))


@feature
def drains(rng: random.Random, scenario: Scenario) -> Scenario:
    """Somebody has a worker finish what it has, and lets it take tries again later; perhaps one after the other."""
    orders = []
    for n in rng.sample(range(len(scenario.workers)), rng.randint(1, len(scenario.workers))):
        at = rng.uniform(0, 12)
        orders += [(at, "drain", f"worker{n}"), (at + rng.uniform(2, 15), "undrain", f"worker{n}")]
    return replace(scenario, orders=scenario.orders + tuple(orders))


def _scheduled(rng: random.Random, dag: SimDag) -> SimDag:
    return replace(
        dag,
        timetable=DeltaDataIntervalTimetable(PERIOD),
        end_date=START + timedelta(seconds=rng.choice([10, 15])),
        max_active_runs=rng.randint(1, 3),
    )


def _any_dag(rng: random.Random, scenario: Scenario) -> SimDag:
    return rng.choice([dag for dag in scenario.dags if dag.dag_id not in {CONSUMER, CHILD}])


def _with_dag(scenario: Scenario, dag: SimDag) -> Scenario:
    return scenario.with_dag(dag)


def _with_task(dag: SimDag, task: SimTask) -> SimDag:
    return dag.with_task(task)

"""Features of how a run flows: it stops at its first failure, groups have the lengths of XComs, clears go into other DAGs."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from simulation.features import PERIOD, feature_at, scopes
from simulation.scenario import CHILD, CONSUMER, START, Scenario, SimDag, SimTask, arrange
from tradewind.serialization.model import Mark
from tradewind.timetables import DeltaDataIntervalTimetable

MARKED = "marked"
FARTHER = "farther"
GROUP = "over"
CLEARS = 3


@feature_at(5)
def fail_stop(rng: random.Random, scenario: Scenario) -> Scenario:
    """A DAG stops at its first failure, and some of its tasks fail readily while others wait for nothing but a slot."""
    if rng.random() < 0.4:
        scenario = scopes(rng, scenario)
    dag = max(_dags(scenario), key=lambda each: (each.has_scopes, len(each.tasks)))
    for n in range(rng.randint(1, 3)):
        dag = dag.with_task(SimTask(f"beside{n}", 0, retries=rng.randint(0, 1), priority=rng.randint(1, 5)))
    for task in dag.tasks.values():
        rule = task.trigger_rule if task.is_teardown else "all_success"
        retries = min(task.retries, 1)
        often = rng.random() < 0.3 and not (task.is_setup or task.is_teardown)
        dag = dag.with_task(replace(task, trigger_rule=rule, retries=retries, fails_often=often))
    dag = replace(dag, fail_stop=True)
    return replace(scenario.with_dag(dag), runs=(*scenario.runs, (rng.uniform(0, 12), dag.dag_id)))


@feature_at(9)
def xcom_groups(rng: random.Random, scenario: Scenario) -> Scenario:
    """Tasks of a DAG are in one group that is mapped over what another task pushed; some of them wait for others besides."""
    dag = min(_dags(scenario), key=lambda each: len(each.tasks))
    source = SimTask("list", 0, retries=2)
    free = [task.task_id for task in dag.tasks.values() if not (task.is_setup or task.is_teardown or task.mapped_group)]
    within = {*rng.sample(free, min(len(free), rng.randint(0, 2))), "in0", "in1"}
    # One of the group may have ended before it has a length, for the sake of what fails readily, and be cleared with that
    gate = SimTask("gate", 0, priority=9, fails_often=True)
    inner = [SimTask("in0", 0, (source.task_id,)), SimTask("in1", 0, ("gate", "in0"), retries=rng.randint(0, 1))]
    dag = replace(dag, tasks=arrange([source, gate, *dag.tasks.values(), *inner]))
    over = (("y", (source.task_id, "return_value")),)
    for name in sorted(within, key=list(dag.tasks).index):
        task = dag.tasks[name]
        is_first = not within & set(task.upstream)
        upstream = tuple(sorted({*task.upstream, source.task_id} if is_first else task.upstream))
        rule = "all_done" if task.trigger_rule == "always" else task.trigger_rule
        task = replace(task, upstream=upstream, trigger_rule=rule, is_empty=False)
        dag = dag.with_task(replace(task, mapped_group=GROUP, expand=over))
    runs = (*scenario.runs[1:], (rng.uniform(0, 5), dag.dag_id))
    clears = [(rng.uniform(8, 40), "clear-across", f"{dag.dag_id} gate {n}") for n in range(rng.randint(1, 3))]
    return replace(scenario.with_dag(dag), runs=runs, orders=(*scenario.orders, *clears))


@feature_at(13)
def markers(rng: random.Random, scenario: Scenario) -> Scenario:
    """Tasks of a DAG mark tasks of another one, and those perhaps of a third; people clear with what is marked."""
    dag = replace(
        max(_dags(scenario), key=lambda each: len(each.tasks)),
        timetable=DeltaDataIntervalTimetable(PERIOD),
        start_date=START,
        end_date=START + timedelta(seconds=rng.choice([0, 0, 5])),
    )
    for name in rng.sample(list(dag.tasks), min(len(dag.tasks), rng.randint(1, 2))):
        dag = dag.with_task(replace(dag.tasks[name], marks=_mark(rng, MARKED, rng.choice(["t0", "t1"]))))
    farther = _mark(rng, FARTHER, "t0") if rng.random() < 0.6 else None
    back = _mark(rng, MARKED, "t0") if rng.random() < 0.3 else None
    second = [SimTask("t0", 0), SimTask("t1", 0, ("t0",), is_empty=True, marks=farther), SimTask("t2", 0, ("t0",))]
    others = [_beside(dag, MARKED, second), _beside(dag, FARTHER, [SimTask("t0", 0, marks=back, retries=1)])]
    orders = []
    for _ in range(CLEARS):
        where = rng.choice([dag, dag, dag, others[0]])
        words = f"{where.dag_id} {rng.choice(list(where.tasks))} {rng.randrange(4)}"
        orders.append((rng.uniform(10, 44), "clear-across", words))
    scenario = scenario.with_dag(dag)
    return replace(scenario, dags=(*scenario.dags, *others), orders=(*scenario.orders, *orders))


def _mark(rng: random.Random, dag_id: str, task_id: str) -> Mark:
    date = rng.choice([None, None, "{{ logical_date.isoformat() }}"])
    return Mark(dag_id, task_id, date, rng.choice([1, 2, 10]))


def _beside(dag: SimDag, dag_id: str, tasks: list[SimTask]) -> SimDag:
    """Return a DAG whose runs have the dates of another one's."""
    return SimDag(
        dag_id,
        arrange(tasks),
        timetable=dag.timetable,
        start_date=dag.start_date,
        end_date=dag.end_date,
        catchup=dag.catchup,
    )


def _dags(scenario: Scenario) -> list[SimDag]:
    return [dag for dag in scenario.dags if dag.dag_id not in {CONSUMER, CHILD}]

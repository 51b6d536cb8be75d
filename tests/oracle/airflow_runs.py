"""Run the DAGs of files on Apache Airflow and print how they end. Run by the interpreter of an Airflow environment:

    python airflow_runs.py --now 2026-01-05T00:00:00+00:00 FILE... > runs.json

Files are loaded at that time, and it is the logical date of the runs.
One result a file, in their order, as `airflow_structure.py` gives them; a DAG is `{"dag_id", "outcome"}`, or
`{"dag_id", "refusal"}` with the reason why its outcome means nothing. The scheduler's own functions decide
(`DagRun.update_state`, `DagRun.schedule_tis`) and a worker's own run the tasks, one after another in this process. Each DAG is
run several times, each time in another order of what could have been next; a DAG whose outcome is not always the same is refused.
"""

from __future__ import annotations

import json
import logging
import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine
from airflow import settings
from airflow.models import import_all_models
from airflow.models.dagbag import DagBag
from airflow.models.dagrun import DagRun
from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskmap import TaskMap
from airflow.models.variable import Variable
from airflow.models.xcom import XCom
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunType
from airflow.www.extensions.init_auth_manager import get_auth_manager_cls
from forked import NotLoadedError, main
from several_runs import joined, run_id_of, runs_of

STEPS = 2000
"""No run of a recorded DAG needs so many tries; one that does is stuck."""
PAUSE = 0.01
IDLE_STEPS = 300
MOST_LOOKS = 50
INTERNAL = ("skipmixin_key",)
"""Keys of XComs by which Airflow's operators speak with its scheduler."""

Choose = Callable[[list[TaskInstance]], TaskInstance]


@dataclass(frozen=True)
class Order:
    """An order of what happens in a run.

    Arguments:
        choose: which of the tasks that are ready runs next.
        looks: how often the scheduler looks before that: once, as if it were slow, or until it has nothing more to say.
    """

    choose: Choose
    looks: int


def orders() -> list[Order]:
    """Return the orders in which a DAG is run: by name, backwards, and by chance."""
    found = [Order(lambda ready: ready[0], 1), Order(lambda ready: ready[-1], MOST_LOOKS)]
    return found + [Order(random.Random(seed).choice, MOST_LOOKS) for seed in range(2)]


def load(file: Path, now: datetime) -> list[dict[str, Any]]:
    """Return how the DAGs of a file end, in runs of the logical date `now`.

    Raises:
        NotLoadedError: Airflow has an import error for it.
    """
    logging.disable(logging.CRITICAL)
    settings.engine.dispose(close=False)  # a connection must not be shared with the parent
    bag = DagBag(dag_folder=os.devnull, include_examples=False)
    with time_machine.travel(now, tick=False):  # a start date of "two days ago" must not lie behind the run
        bag.process_file(str(file.resolve()), only_if_updated=False)
    if bag.import_errors:
        raise NotLoadedError("\n".join(bag.import_errors.values()))
    return [_recorded(dag, now) for _, dag in sorted(bag.dags.items())]


def _recorded(dag: Any, now: datetime) -> dict[str, Any]:
    if any(task.outlets or task.inlets for task in dag.tasks):
        dag.sync_to_db()  # events are of datasets that the database knows
    outcomes: list[dict[str, Any]] = []
    for order in orders():
        outcome = run(dag, now, order)
        if outcome is None:
            return {"dag_id": dag.dag_id, "refusal": "it comes to no end"}
        if outcomes and outcome != outcomes[0]:
            return {"dag_id": dag.dag_id, "refusal": "its outcome is not always the same"}
        outcomes.append(outcome)
    return {"dag_id": dag.dag_id, "outcome": outcomes[0]}


def run(dag: Any, logical_date: datetime, order: Order) -> dict[str, Any] | None:
    """Return the outcome of a run whose tasks are taken in an order; None for one that is stuck."""
    with create_session() as session:
        for model in (XCom, TaskMap, RenderedTaskInstanceFields, TaskInstance, DagRun):
            session.query(model).filter(model.dag_id == dag.dag_id).delete(synchronize_session=False)
        session.query(Variable).delete(synchronize_session=False)
        session.commit()
        runs = [_run_of(dag, logical_date, number, session) for number in range(runs_of(dag.tags))]
        idle = 0
        for _ in range(STEPS):
            if all(each.state != DagRunState.RUNNING for each in runs):
                return joined([_outcome(dag, each, session) for each in runs])
            idle = 0 if _step(dag, runs, order, session) else idle + 1
            if idle > IDLE_STEPS:
                return None
        return None


def _run_of(dag: Any, first: datetime, number: int, session: Any) -> DagRun:
    logical_date = first + timedelta(days=number)
    return dag.create_dagrun(
        run_id=run_id_of(number),
        run_type=DagRunType.MANUAL,
        execution_date=logical_date,
        data_interval=dag.timetable.infer_manual_data_interval(run_after=logical_date),
        state=DagRunState.RUNNING,
        start_date=logical_date,
        conf={},
        session=session,
    )


def _step(dag: Any, runs: list[DagRun], order: Order, session: Any) -> bool:
    """Let the scheduler look, and one task run; tell whether anything happened."""
    is_news = False
    ready: list[TaskInstance] = []
    for dag_run in [each for each in runs if each.state == DagRunState.RUNNING]:
        is_news |= _look(dag, dag_run, order, session)
        ready += [
            each for each in dag_run.get_task_instances(session=session) if each.state == TaskInstanceState.SCHEDULED
        ]
    if not ready:
        if not is_news and any(each.state == DagRunState.RUNNING for each in runs):
            threading.Event().wait(PAUSE)  # a retry or a sensor's next look is a moment away
        return is_news
    chosen = order.choose(sorted(ready, key=lambda each: (each.task_id, each.map_index, each.run_id)))
    chosen.refresh_from_task(dag.get_task(chosen.task_id))
    chosen.state = TaskInstanceState.QUEUED
    session.commit()
    try:
        chosen.run(session=session)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
    session.commit()
    return True


def _look(dag: Any, dag_run: DagRun, order: Order, session: Any) -> bool:
    """Let the scheduler look at a run; tell whether it had anything to say."""
    is_news = False
    for _ in range(order.looks):
        session.expire_all()
        dag_run.dag = dag
        before = _states(dag_run, session)
        schedulable, _ = dag_run.update_state(session=session, execute_callbacks=True)
        dag_run.schedule_tis(schedulable, session=session)
        session.commit()
        if _states(dag_run, session) == before:
            break
        is_news = True
    return is_news


def _states(dag_run: DagRun, session: Any) -> set[Any]:
    columns = (TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state)
    query = session.query(*columns).filter(TaskInstance.dag_id == dag_run.dag_id, TaskInstance.run_id == dag_run.run_id)
    return {tuple(row) for row in query} | {dag_run.state}


def _outcome(dag: Any, dag_run: DagRun, session: Any) -> dict[str, Any]:
    """Return the state of a run, the state and number of tries of each task instance, and the XComs."""
    session.expire_all()
    instances = sorted(dag_run.get_task_instances(session=session), key=lambda each: (each.task_id, each.map_index))
    xcoms = session.query(XCom).filter(XCom.dag_id == dag.dag_id, XCom.run_id == dag_run.run_id).all()
    return {
        "state": str(dag_run.state),
        "tasks": {_name(each): [str(each.state), each.try_number] for each in instances},
        "xcoms": {
            f"{_name(each)} {each.key}": json.loads(json.dumps(each.value, default=str))
            for each in sorted(xcoms, key=lambda each: (each.task_id, each.map_index, each.key))
            if each.key not in INTERNAL
        },
    }


def _name(instance: Any) -> str:
    """Return the id of a task, with the index of a mapped instance."""
    return instance.task_id if instance.map_index < 0 else f"{instance.task_id}[{instance.map_index}]"


if __name__ == "__main__":
    import_all_models()  # their tables refer to each other, and to that of users
    get_auth_manager_cls()
    main(load)

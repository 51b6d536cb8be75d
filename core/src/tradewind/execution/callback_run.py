"""Calling callbacks, inside the process forked for that: the context of the try, or of the run's last one, and the calls.

Each callable is called by itself: one that raises keeps none of the others from being called, and is called again later
without them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from tradewind_plugins.callbacks import ON_FAILURE, ON_RETRY, ON_SLA_MISS
from tradewind_plugins.host import bind
from tradewind_plugins.task_node import TaskNode

from tradewind.authoring.calls import Call, calls_of_dag, calls_of_task
from tradewind.authoring.context import build_context, running_in
from tradewind.authoring.dag import DAG
from tradewind.authoring.preparation import prepare
from tradewind.authoring.views import MissedSla, TaskInstanceView
from tradewind.execution import task_log
from tradewind.execution.instants import instant, moment
from tradewind.execution.messages import Called, Ended, Start
from tradewind.execution.retelling import retold
from tradewind.execution.task_host import TaskHost
from tradewind.execution.task_run import described, find_task, run_values
from tradewind.transitions.states import TaskState

log = logging.getLogger("tradewind.callback")


def run_callbacks(start: Start, dags: Mapping[str, DAG], host: TaskHost) -> Ended:
    """Call what a callback names and return how that ended; whatever it raises is an end, never an exception here.

    Arguments:
        start: of the callback; its `callback` is what `callback_fields` returned.
        dags: the DAGs of the version's file, by id.
        host: answers what the callables ask, and is told of each that has returned.
    """
    begun = time.time()
    errors: list[str] = []
    with bind(host):
        try:
            task = find_task(start, dags)
            calls, context = _calls(start, task), _context(start, task)
            with running_in(context):
                errors = _call_all(start, calls, context, host)
        except BaseException as error:  # noqa: BLE001  (user code: the context of a callback renders its templates)
            task_log.log_failure(error)
            errors.append(described(error))
    state = TaskState.FAILED if errors else TaskState.SUCCESS
    return Ended(state, instant(begun), instant(time.time()), cause="; ".join(errors) or None)


def _calls(start: Start, task: TaskNode) -> list[tuple[str, Call]]:
    about = start.callback or {}
    dag: Any = task.dag
    return calls_of_dag(dag, about["kind"]) if about["is_run"] else calls_of_task(task, about["kind"])


def _call_all(start: Start, calls: list[tuple[str, Call]], context: dict[str, Any], host: TaskHost) -> list[str]:
    about = start.callback or {}
    errors = []
    for place, (name, call) in enumerate(calls):
        if place in about["done"]:
            continue
        log.info("Calling %s (%s)", name, about["kind"])
        context["callback_key"] = f"{about['id']}.{place}"
        given = _of_missed_slas(start, context) if about["kind"] == ON_SLA_MISS else (context,)
        try:
            call(*given)
        except BaseException as error:  # noqa: BLE001  (user code: SystemExit too is an end of this call only)
            task_log.log_failure(error)
            errors.append(f"{name}: {described(error)}")
        else:
            host.tell(Called(place))
    return errors


def _of_missed_slas(start: Start, context: dict[str, Any]) -> tuple[Any, ...]:
    """Return the five arguments that Airflow gives an `sla_miss_callback`."""
    about = start.callback or {}
    dag, run = context["dag"], context["dag_run"]
    slas = [MissedSla(dag.dag_id, run, task_id, moment(due_at)) for task_id, due_at in about["slas"]]
    blocking = [
        TaskInstanceView(dag.get_task(task_id), run, {"map_index": map_index, "state": state})
        for task_id, map_index, state in about["blocking"]
        if dag.has_task(task_id)
    ]
    day = run.logical_date.isoformat() if run.logical_date is not None else run.run_id
    texts = ["\n".join(f"{each.task_id} on {day}" for each in found) for found in (slas, blocking)]
    return (dag, *texts, slas, blocking)


def _context(start: Start, task: TaskNode) -> dict[str, Any]:
    about = start.callback or {}
    is_run = about["is_run"]
    run = {
        **run_values(start),
        "state": about["state"] if is_run else "running",
        "end_date": moment(about["run_ended_at"]) if is_run else None,
    }
    ti = {
        "map_index": start.map_index,
        "try_number": start.try_number,
        "max_tries": start.max_tries,
        "hostname": about["host"],
        "state": about.get("instance_state", about["state"]),
        "start_date": moment(about.get("started_at")),
        "end_date": moment(about.get("ended_at")),
    }
    context = build_context(task, dag_run=run, ti=ti)
    _render(task, context)
    context["exception"] = None
    if about["kind"] in {ON_FAILURE, ON_RETRY} and not is_run:
        context["exception"] = retold(about.get("raised"), about.get("cause"))
    if "deadline" in about:
        context["deadline"] = {"deadline_time": moment(about["deadline"])}
    if "reason" in about:
        context["reason"] = about["reason"]
    return context


def _render(task: TaskNode, context: dict[str, Any]) -> None:
    """Fill in the task's templates, as its try had them; a try may have failed for just that, so it may fail here."""
    try:
        prepare(task, context)
    except Exception as error:  # noqa: BLE001  (user code: templates, and XComs that they pull)
        context["task"] = context["ti"].task = task
        log.info("The templates of task %r are as they stand in the file: %s", task.task_id, described(error))

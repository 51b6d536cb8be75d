"""A task that runs in the zygote before anything is forked, so that no task pays for what every task does first.

Python and the libraries below import modules and fill caches on first use (20 ms for Jinja's extensions alone). A try
of a
small DAG with a template, run to its end here, has all of that done, and measures nothing: its log goes nowhere.
"""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from tradewind_plugins.operator import BaseOperator

from tradewind.authoring.dag import DAG
from tradewind.authoring.task_decorator import TaskDecorators
from tradewind.execution.channel import Frames, frame
from tradewind.execution.instants import instant
from tradewind.execution.messages import Message, Reply, Request, Start
from tradewind.execution.task_host import TaskHost
from tradewind.execution.task_run import run_try
from tradewind.operators.bash import BashOperator
from tradewind.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from tradewind.transitions.states import TaskState

IMPORTED_FOR_TASKS = (BashOperator, BranchPythonOperator, PythonOperator, ShortCircuitOperator, TaskDecorators)
WITH_TEMPLATE = "with_template"
WITHOUT_TEMPLATE = "without_template"


class RehearsalHost(TaskHost):
    """Answers everything with nothing."""

    def tell(self, item: Message) -> None:
        """Forget the message."""

    def ask(self, request: Request) -> Reply:
        """Answer that there is nothing."""
        return Reply()


def rehearse() -> None:
    """Run a try with a template to its end in this process.

    Raises:
        RuntimeError: it did not succeed; this installation cannot run tasks.
    """
    _run(WITH_TEMPLATE)


def warm_up() -> None:
    """Run a try without a template to its end, in a process that waits for its own task.

    A forked process pays for each page that it writes to the first time. This has it paid while nobody waits: measured on
    an idle machine, it takes 1.5 ms off the way from a task's start message to its code.
    """
    _run(WITHOUT_TEMPLATE)


class Rehearsed(BaseOperator):
    """Returns its templated argument. It logs nothing: the log of a waiting process is the worker's own."""

    template_fields = ("value",)

    def __init__(self, *, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value

    def execute(self, context: Any) -> Any:
        """Return the argument."""
        return self.value


@cache
def _dag() -> DAG:
    with DAG("rehearsal") as dag:
        Rehearsed(task_id=WITH_TEMPLATE, value={"day": "{{ ds }}", "plain": [1, {"a": None}]})
        Rehearsed(task_id=WITHOUT_TEMPLATE, value=[1])
    return dag


def _run(task_id: str) -> None:
    dag = _dag()
    now = instant(time.time())
    start = Start(
        instance=0,
        token=1,
        try_number=1,
        max_tries=0,
        dag_id=dag.dag_id,
        run_id="rehearsal",
        task_id=task_id,
        map_index=-1,
        run=0,
        run_type="manual",
        logical_date=now,
        data_interval_start=now,
        data_interval_end=now,
        run_started_at=now,
        conf="{}",
        version_id=0,
        source_hash="",
        root="",
        path="rehearsal.py",
    )
    (received,) = Frames().feed(frame(start))
    assert isinstance(received, Start)  # noqa: S101  (for the type checker: the codec's own round trip)
    ended = run_try(received, {dag.dag_id: dag}, RehearsalHost(received), is_heard=False)
    if ended.state != TaskState.SUCCESS:
        raise RuntimeError(f"this installation cannot run tasks: {ended.cause}")
    frame(ended)

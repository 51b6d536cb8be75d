"""A task that runs in the zygote before anything is forked, so that no task pays for what every task does first.

Python and the libraries below import modules and fill caches on first use (20 ms for Jinja's extensions alone). A try
of a
small DAG with a template, run to its end here, has all of that done, and measures nothing: its log goes nowhere.
"""

from __future__ import annotations

import logging
import time

from tradewind.authoring.dag import DAG
from tradewind.execution import results
from tradewind.execution.messages import Message, Reply, Request, Start, decode, encode
from tradewind.execution.task_host import TaskHost
from tradewind.execution.task_run import instant, run_try
from tradewind.operators.bash import BashOperator
from tradewind.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from tradewind.transitions.states import TaskState

IMPORTED_FOR_TASKS = (BashOperator, BranchPythonOperator, ShortCircuitOperator)


class RehearsalHost(TaskHost):
    """Answers everything with nothing."""

    def tell(self, item: Message) -> None:
        """Forget the message."""

    def ask(self, request: Request) -> Reply:
        """Answer that there is nothing."""
        return Reply()


def rehearse() -> None:
    """Run one try to its end in this process.

    Raises:
        RuntimeError: it did not succeed; this installation cannot run tasks.
    """
    now = instant(time.time())
    with DAG("rehearsal") as dag:
        PythonOperator(task_id="task", python_callable=dict, op_kwargs={"day": "{{ ds }}", "plain": [1, {"a": None}]})
    start = Start(
        instance=0,
        token=1,
        try_number=1,
        max_tries=0,
        dag_id=dag.dag_id,
        run_id="rehearsal",
        task_id="task",
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
    received = decode(encode(start))
    assert isinstance(received, Start)  # noqa: S101  (for the type checker: the codec's own round trip)
    ended = run_try(received, {dag.dag_id: dag}, RehearsalHost(received))
    if ended.state != TaskState.SUCCESS:
        raise RuntimeError(f"this installation cannot run tasks: {ended.cause}")
    decode(encode(ended))
    results.load(str(ended.xcoms[0].value))
    logging.getLogger("tradewind.task").debug("rehearsed")

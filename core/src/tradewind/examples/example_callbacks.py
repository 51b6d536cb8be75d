"""Callbacks: functions that a worker calls after a task has ended, or its run, whatever it was that ended it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum

from tradewind import DAG, DeadlineAlert, DeadlineReference, task


def announce(context: dict[str, Any]) -> None:
    """Say in the task's log that it is about to begin."""
    print(f"{context['ti'].task_id} begins")


def tell(context: dict[str, Any]) -> None:
    """Say what became of a try; a message to people would be sent here."""
    ti = context["ti"]
    print(f"{ti.task_id} is {ti.state} after try {ti.try_number}: {context['exception']}")


def summarize(context: dict[str, Any]) -> None:
    """Say how the run ended."""
    print(f"{context['dag_run'].run_id}: {context['reason']}")


def hurry(context: dict[str, Any]) -> None:
    """Say that a run takes longer than it should; it goes on."""
    print(f"{context['dag_run'].run_id} should have succeeded by {context['deadline']['deadline_time']}")


with DAG(
    "example_callbacks",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"on_retry_callback": tell, "on_failure_callback": tell},
    on_success_callback=summarize,
    deadline=DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(minutes=10), hurry),
    tags=["example"],
):

    @task(retries=1, retry_delay=0.2, on_execute_callback=announce, on_success_callback=tell)
    def load(ti: Any = None) -> int:
        """Fail in the first try, which `tell` hears of, and succeed in the second."""
        if ti.try_number == 1:
            raise RuntimeError("the file is not there yet")
        return 42

    load()

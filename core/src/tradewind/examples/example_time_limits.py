"""Time limits: of a task, of a run, a moment by which a task is to have succeeded; and a run that stops at its first failure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum

from tradewind import DAG, task


def late(dag: Any, task_list: str, blocking_task_list: str, slas: Any, blocking_tis: Any) -> None:
    """Hear of tasks of a scheduled run that have not succeeded in time; the run goes on."""
    print(f"late in {dag.dag_id}: {task_list}; not succeeded yet: {blocking_task_list}")


with DAG(
    "example_time_limits",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    dagrun_timeout=timedelta(hours=6),
    sla_miss_callback=late,
    fail_stop=True,
    tags=["example"],
):

    @task(execution_timeout=timedelta(minutes=10))
    def fetch() -> list[int]:
        """Be ended after ten minutes."""
        return [1, 2, 3]

    @task(sla=timedelta(hours=2))
    def load(rows: list[int]) -> int:
        """Be reported if this has not succeeded two hours after the end of the day; `tradewind deadlines list` shows it."""
        return sum(rows)

    load(fetch())

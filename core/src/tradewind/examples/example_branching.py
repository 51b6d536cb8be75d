"""Branches, short circuits, trigger rules: which tasks run, and which are skipped."""

from __future__ import annotations

import pendulum

from tradewind import DAG, Param, TriggerRule, get_current_context, task
from tradewind.operators.empty import EmptyOperator

with DAG(
    "example_branching",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    params={"quality": Param(80, type="integer", minimum=0, maximum=100, description="percent")},
    tags=["example"],
):

    @task.branch
    def choose() -> str:
        """Name the task to go on with; the other is skipped."""
        return "accept" if get_current_context()["params"]["quality"] >= 50 else "reject"

    @task.short_circuit
    def is_perfect() -> bool:
        """Skip everything below unless this is true."""
        return get_current_context()["params"]["quality"] == 100

    accept = EmptyOperator(task_id="accept")
    reject = EmptyOperator(task_id="reject")
    celebrate = EmptyOperator(task_id="celebrate")
    join = EmptyOperator(task_id="join", trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)

    choose() >> [accept, reject] >> join
    accept >> is_perfect() >> celebrate

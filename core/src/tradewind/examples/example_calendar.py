"""Clock and calendar: what waits for a moment, what goes on at week-ends only, what only the latest run does."""

from __future__ import annotations

from datetime import timedelta

import pendulum

from tradewind import DAG, Param, TriggerRule, task
from tradewind.operators.empty import EmptyOperator
from tradewind.operators.latest_only import LatestOnlyOperator
from tradewind.operators.weekday import BranchDayOfWeekOperator
from tradewind.sensors.filesystem import FileSensor
from tradewind.sensors.time_delta import TimeDeltaSensor

with DAG(
    "example_calendar",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    params={"folder": Param("/", type="string"), "loud": Param(True, type="boolean")},
    tags=["example"],
):
    settled = TimeDeltaSensor(task_id="settled", delta=timedelta(seconds=1), mode="reschedule", poke_interval=1)
    arrived = FileSensor(
        task_id="arrived", filepath="{{ params.folder }}", mode="reschedule", poke_interval=5, timeout=60
    )
    choose = BranchDayOfWeekOperator(
        task_id="choose",
        week_day=["Saturday", "Sunday"],
        follow_task_ids_if_true="week_end",
        follow_task_ids_if_false="working_day",
        use_task_logical_date=True,
    )
    week_end = EmptyOperator(task_id="week_end")
    working_day = EmptyOperator(task_id="working_day")
    latest = LatestOnlyOperator(task_id="latest", trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)

    @task.run_if(lambda context: context["params"]["loud"], "nobody wants to hear it")
    @task.bash
    def announce(day: str) -> str:
        """Return the command that says it."""
        return f"echo 'the latest day is {day}'"

    [settled, arrived] >> choose >> [week_end, working_day] >> latest >> announce("{{ ds }}")

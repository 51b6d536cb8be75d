"""Branches and sensors by the day of the week of the logical date, in a zone a day behind; latest-only without a schedule."""

import pendulum
from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.operators.latest_only import LatestOnlyOperator
from airflow.operators.weekday import BranchDayOfWeekOperator
from airflow.sensors.weekday import DayOfWeekSensor
from airflow.utils.weekday import WeekDay

DAYS = {
    "named": "Monday",
    "lower": "monday",
    "member": WeekDay.MONDAY,
    "several": {"Sunday", "Monday"},
    "other": ["Sunday"],
}

with DAG(
    "case_choose_by_day",
    schedule=None,
    start_date=pendulum.datetime(2025, 1, 1, tz="America/New_York"),
):
    latest = LatestOnlyOperator(task_id="latest")
    for name, days in DAYS.items():
        latest_of = EmptyOperator(task_id=f"on_{name}")
        choose = BranchDayOfWeekOperator(
            task_id=name,
            week_day=days,
            follow_task_ids_if_true=f"on_{name}",
            follow_task_ids_if_false=f"off_{name}",
            use_task_logical_date=True,
        )
        choose >> [latest_of, EmptyOperator(task_id=f"off_{name}")]
    wait = DayOfWeekSensor(task_id="wait", week_day="Monday", use_task_logical_date=True)
    never = DayOfWeekSensor(
        task_id="never", week_day="Sunday", use_task_logical_date=True, poke_interval=0.01, timeout=0.02, soft_fail=True
    )
    latest >> EmptyOperator(task_id="behind_latest") >> wait >> never

"""Branches by the logical date: bounds with and without a zone, of one day and of two, in a zone that is a day ahead."""

import datetime as dt

import pendulum
from airflow import DAG
from airflow.operators.datetime import BranchDateTimeOperator
from airflow.operators.empty import EmptyOperator

MOMENT = dt.datetime(2026, 1, 5)
HOUR = dt.timedelta(hours=1)
BOUNDS = {
    "at_both": (dt.time(0), dt.time(0)),
    "after": (dt.time(0, 1), None),
    "before": (None, dt.time(0, 1)),
    "overnight_before": (dt.time(22), dt.time(6)),
    "overnight_after": (dt.time(0), dt.time(23, 59)),
    "local_morning": (dt.time(8), dt.time(10)),
    "local_midnight": (dt.time(0), dt.time(1)),
    "own_zone": (dt.time(0, tzinfo=dt.timezone.utc), dt.time(1, tzinfo=dt.timezone.utc)),
    "dates": (MOMENT + 8 * HOUR, MOMENT + 10 * HOUR),
    "dates_in_utc": (pendulum.datetime(2026, 1, 4), pendulum.datetime(2026, 1, 6)),
    "dates_turned": (MOMENT + 10 * HOUR, MOMENT + 8 * HOUR),
    "date_and_time": (MOMENT - 24 * HOUR, dt.time(10)),
}

with DAG("case_choose_by_date", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Tokyo")):
    for name, (lower, upper) in BOUNDS.items():
        BranchDateTimeOperator(
            task_id=name,
            target_lower=lower,
            target_upper=upper,
            follow_task_ids_if_true=[f"{name}_inside"],
            follow_task_ids_if_false=f"{name}_outside",
            use_task_logical_date=True,
        ) >> [EmptyOperator(task_id=f"{name}_{way}") for way in ("inside", "outside")]

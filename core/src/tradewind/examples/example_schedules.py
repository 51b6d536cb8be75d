"""Schedules: a timetable of one's own, several crons in one, moments that are listed, and a rule for changes of clocks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum

from tradewind import DAG
from tradewind.operators.bash import BashOperator
from tradewind.timetables import (
    CronTriggerTimetable,
    CustomTimetable,
    DagRunInfo,
    EventsTimetable,
    MultipleCronTriggerTimetable,
)

START = pendulum.datetime(2026, 1, 1, tz="Europe/Berlin")


class AfterWorkdays(CustomTimetable):
    """A run about each working day, when that is over."""

    def next_dagrun_info(self, *, last_automated_data_interval: Any, restriction: Any) -> DagRunInfo | None:
        """Return the run about the next day that is no Saturday and no Sunday."""
        if last_automated_data_interval is not None:
            start = last_automated_data_interval.start + timedelta(days=1)
        else:
            start = restriction.earliest
        while start is not None and start.weekday() >= 5:
            start += timedelta(days=1)
        return None if start is None else DagRunInfo.interval(start, start + timedelta(days=1))


SCHEDULES = {
    "example_schedules": AfterWorkdays(),
    "example_schedules_often": MultipleCronTriggerTimetable("0 7 * * 1-5", "0 10 * * 6,0", timezone="Europe/Berlin"),
    "example_schedules_listed": EventsTimetable([pendulum.datetime(2026, 6, 11), pendulum.datetime(2026, 7, 19)]),
    "example_schedules_exact": CronTriggerTimetable(
        "30 2 * * *", "Europe/Berlin", interval=timedelta(days=1), clock_rule="matching"
    ),
}

for dag_id, schedule in SCHEDULES.items():
    with DAG(dag_id, schedule=schedule, start_date=START, catchup="none", tags=["example"]):
        BashOperator(task_id="tell", bash_command="echo {{ data_interval_start }} to {{ data_interval_end }}")

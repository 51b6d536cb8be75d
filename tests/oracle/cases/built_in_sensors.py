"""Sensors by the clock and by a command: there, not there in time, failing for good, skipped instead."""

import datetime as dt

import pendulum
from airflow import DAG
from airflow.sensors.bash import BashSensor
from airflow.sensors.date_time import DateTimeSensor
from airflow.sensors.time_delta import TimeDeltaSensor

SHORT = {"poke_interval": 0.01, "timeout": 0.02}

with DAG("case_built_in_sensors", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="Asia/Tokyo")):
    DateTimeSensor(task_id="passed", target_time="{{ ts }}")
    DateTimeSensor(task_id="passed_naive", target_time=dt.datetime(2026, 1, 5))
    DateTimeSensor(task_id="never", target_time="2999-01-01T00:00:00+00:00", **SHORT)
    DateTimeSensor(task_id="never_soft", target_time="2999-01-01T00:00:00+00:00", soft_fail=True, **SHORT)
    DateTimeSensor(task_id="no_moment", target_time="in {{ ds }} days")
    TimeDeltaSensor(task_id="some_time_after", delta=dt.timedelta(hours=1), mode="reschedule")
    TimeDeltaSensor(task_id="long_after", delta=dt.timedelta(days=300_000), **SHORT)
    BashSensor(task_id="true", bash_command="test {{ ds }} = 2026-01-05")
    BashSensor(task_id="false", bash_command="false", **SHORT)
    BashSensor(task_id="retry_code", bash_command="exit 3", retry_exit_code=3, soft_fail=True, **SHORT)
    BashSensor(task_id="other_code", bash_command="exit 4", retry_exit_code=3, retries=2, retry_delay=dt.timedelta(0))
    BashSensor(task_id="other_code_soft", bash_command="exit 4", retry_exit_code=3, soft_fail=True)

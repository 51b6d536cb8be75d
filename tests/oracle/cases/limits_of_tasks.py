"""Limits of single tasks, and back-off: how runs end with them."""

from datetime import timedelta

import pendulum
from airflow import DAG
from airflow.decorators import task

with DAG(
    "case_limits_of_tasks", schedule=None, start_date=pendulum.datetime(2026, 1, 1), catchup=False, tags=["runs:2"]
):

    @task(max_active_tis_per_dag=1)
    def one_at_a_time(number):
        return number

    @task(max_active_tis_per_dagrun=2)
    def two_in_a_run(number):
        return number

    @task(
        retries=2,
        retry_delay=timedelta(seconds=0.01),
        retry_exponential_backoff=True,
        max_retry_delay=timedelta(seconds=0.02),
    )
    def second_time(ti=None):
        if ti.try_number < 2:
            raise ValueError("again")
        return ti.try_number

    one_at_a_time.expand(number=[1, 2, 3]) >> two_in_a_run.expand(number=[1, 2, 3, 4]) >> second_time()

"""A teardown whose failure is to fail the run, behind a task that nothing else follows."""

import pendulum
from airflow import DAG
from airflow.decorators import setup, task, teardown

with DAG("case_teardown_counts", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    @setup
    def make():
        return 1

    @task
    def work():
        return 2

    @teardown(on_failure_fail_dagrun=True)
    def drop():
        raise ValueError("as told")

    made = make()
    made >> work() >> drop().as_teardown(setups=made)

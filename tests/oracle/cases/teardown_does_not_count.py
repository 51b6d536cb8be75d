"""A teardown that fails, and whose failure is not the run's."""

import pendulum
from airflow import DAG
from airflow.decorators import setup, task, teardown

with DAG("case_teardown_does_not_count", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    @setup
    def make():
        return 1

    @task
    def work():
        return 2

    @teardown
    def drop():
        raise ValueError("as told")

    made = make()
    made >> work() >> drop().as_teardown(setups=made)

"""A DAG that stops at the first failure: what has not begun is skipped, a teardown runs."""

import pendulum
from airflow import DAG
from airflow.decorators import setup, task, teardown

with DAG("case_fail_stop", schedule=None, start_date=pendulum.datetime(2026, 1, 1), fail_stop=True):

    @setup
    def make():
        return 1

    @task
    def fail():
        raise ValueError("as told")

    @task
    def give(value):
        return value

    @teardown
    def drop():
        return 3

    made = make()
    failed = fail()
    made >> failed >> drop().as_teardown(setups=made)
    failed >> give.override(task_id="behind")(1) >> give.override(task_id="farther")(2)
    give.override(task_id="each").expand(value=[1, 2]) << failed

"""Pulling from a list of tasks, one of which is mapped, and one of which pushed nothing."""

import pendulum
from airflow import DAG
from airflow.decorators import task

with DAG("case_pull_from_several", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    @task
    def one():
        return "one"

    @task
    def nothing():
        return None

    @task
    def each(number):
        return number

    @task
    def pull(ti):
        return list(ti.xcom_pull(task_ids=["one", "each", "nothing"]))

    [one(), nothing(), each.expand(number=[1, 2])] >> pull()

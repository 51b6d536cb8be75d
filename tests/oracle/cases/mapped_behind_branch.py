"""A branch that does not choose a task that is mapped over values in the file."""

import pendulum
from airflow import DAG
from airflow.decorators import task

with DAG("case_mapped_behind_branch", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    @task.branch
    def choose():
        return "plain"

    @task
    def plain():
        return 1

    @task
    def each(number):
        return number

    choose() >> [plain(), each.expand(number=[1, 2])]

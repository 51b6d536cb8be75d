"""A task that is mapped over the result of another, which is no list."""

import pendulum
from airflow import DAG
from airflow.decorators import task

with DAG("case_no_list_to_map", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    @task
    def number():
        return 7

    @task
    def each(number):
        return number

    @task(trigger_rule="all_done")
    def after():
        return "after"

    each.expand(number=number()) >> after()

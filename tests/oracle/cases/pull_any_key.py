"""Pulling from a task under no key."""

import pendulum
from airflow import DAG
from airflow.decorators import task

with DAG("case_pull_any_key", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    @task
    def push(ti):
        ti.xcom_push(key="own", value=7)

    @task
    def pull(ti):
        return ti.xcom_pull(task_ids="push", key=None)

    push() >> pull()

"""A task that is mapped over the results of tasks that were skipped or failed, by a rule that lets it run."""

import pendulum
from airflow import DAG
from airflow.decorators import task
from airflow.exceptions import AirflowSkipException

with DAG("case_skipped_to_map", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    @task
    def skipped():
        raise AirflowSkipException("not today")

    @task
    def failed():
        raise ValueError("as told")

    @task(trigger_rule="all_done")
    def each(number):
        return number

    each.override(task_id="over_skipped").expand(number=skipped())
    each.override(task_id="over_failed").expand(number=failed())

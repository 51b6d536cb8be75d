"""A branch that does not choose a task which a failure has decided before."""

import pendulum
from airflow import DAG
from airflow.decorators import task

with DAG("case_branch_after_failure", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    @task
    def fail():
        raise ValueError("as told")

    @task(trigger_rule="all_done")
    def wait():
        return "failed by now"

    @task.branch(trigger_rule="all_done")
    def choose():
        return "other"

    @task
    def behind_both():
        return 1

    @task
    def other():
        return 2

    failed, waited, chosen, both = fail(), wait(), choose(), behind_both()
    failed >> [waited, both]
    waited >> chosen >> [both, other()]

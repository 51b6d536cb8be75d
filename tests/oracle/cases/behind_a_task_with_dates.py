"""A task behind one that its dates leave out of the run: it goes on without it."""

import pendulum
from airflow import DAG
from airflow.operators.empty import EmptyOperator

with DAG("case_behind_a_task_with_dates", schedule=None, start_date=pendulum.datetime(2025, 1, 1)):
    first = EmptyOperator(task_id="first")
    later = EmptyOperator(task_id="later", start_date=pendulum.datetime(2099, 1, 1))
    first >> later >> EmptyOperator(task_id="behind")
    [first, later] >> EmptyOperator(task_id="behind_both")

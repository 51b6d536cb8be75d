"""A label on the edge from one task of a group to a task outside of it."""

import pendulum
from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.utils.edgemodifier import Label
from airflow.utils.task_group import TaskGroup

with DAG("case_label_across_groups", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):
    with TaskGroup("work"):
        one = EmptyOperator(task_id="one")
        two = EmptyOperator(task_id="two")
    after = EmptyOperator(task_id="after")
    one >> Label("rows") >> after

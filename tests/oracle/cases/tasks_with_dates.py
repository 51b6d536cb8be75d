"""Tasks whose own dates leave a run out: before its start, after its end, and those that stand behind them."""

import pendulum
from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator

DAY = pendulum.datetime(2025, 1, 1)


def push(context):
    context["ti"].xcom_push("before", "was called")


def push_after(context, result):
    context["ti"].xcom_push("after", result)


with DAG("case_tasks_with_dates", schedule=None, start_date=DAY):
    first = PythonOperator(task_id="first", python_callable=lambda: 7, pre_execute=push, post_execute=push_after)
    later = EmptyOperator(task_id="later", start_date=pendulum.datetime(2099, 1, 1))
    over = EmptyOperator(task_id="over", start_date=DAY, end_date=DAY.add(days=1))
    first >> [later, over]
    alone = EmptyOperator(task_id="alone", start_date=DAY, end_date=pendulum.datetime(2099, 1, 1))
    alone >> EmptyOperator(task_id="beside")

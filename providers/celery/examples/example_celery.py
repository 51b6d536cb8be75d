"""Two tasks on Celery's workers: one for any worker, one for those that take the queue `large`."""

from datetime import datetime

from tradewind import DAG
from tradewind.operators.bash import BashOperator

with DAG(
    dag_id="example_celery",
    description="Tasks on Celery's workers.",
    schedule=None,
    start_date=datetime(2021, 1, 1),
    catchup=False,
    tags=["example"],
) as dag:
    fetch = BashOperator(task_id="fetch", bash_command="echo fetched", executor="CeleryExecutor")

    train = BashOperator(task_id="train", bash_command="echo trained", executor="CeleryExecutor", queue="large")

    fetch >> train

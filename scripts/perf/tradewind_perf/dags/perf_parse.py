"""200 DAGs of 5 tasks in one file."""

import pendulum
from tradewind import DAG, chain
from tradewind.operators.bash import BashOperator
from tradewind.operators.empty import EmptyOperator
from tradewind.operators.python import PythonOperator


def nothing() -> None:
    """Do nothing."""


for number in range(200):
    with DAG(
        f"perf_parse_{number:03d}",
        schedule="@daily",
        start_date=pendulum.datetime(2026, 1, 1),
        catchup=False,
        tags=["perf"],
        default_args={"owner": "perf", "retries": 1},
    ) as dag:
        chain(
            EmptyOperator(task_id="begin"),
            BashOperator(task_id="say", bash_command="echo {{ ds }}"),
            PythonOperator(task_id="work", python_callable=nothing),
            PythonOperator(task_id="more", python_callable=nothing),
            EmptyOperator(task_id="end"),
        )
    globals()[dag.dag_id] = dag

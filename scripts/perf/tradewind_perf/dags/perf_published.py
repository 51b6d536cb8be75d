"""The graphs of the published benchmark of Airflow 2.0: 100 DAGs of 10 tasks, 10 of 100, 100 binary trees of 10."""

import pendulum
from tradewind import DAG
from tradewind.operators.python import PythonOperator


def nothing() -> None:
    """Do nothing."""


def make(dag_id: str, parents: list[int | None]) -> None:
    """Make one DAG: for each task the number of the one before it, None for the first."""
    with DAG(dag_id, schedule=None, start_date=pendulum.datetime(2026, 1, 1), max_active_tasks=1000):
        made: list[PythonOperator] = []
        for number, parent in enumerate(parents):
            task = PythonOperator(task_id=f"t{number:03d}", python_callable=nothing, do_xcom_push=False)
            if parent is not None:
                made[parent] >> task
            made.append(task)


for dag_number in range(100):
    make(f"perf_short_{dag_number:03d}", [None, *range(9)])
    make(f"perf_tree_{dag_number:03d}", [None, *((number - 1) // 2 for number in range(1, 10))])
for dag_number in range(10):
    make(f"perf_long_{dag_number:03d}", [None, *range(99)])

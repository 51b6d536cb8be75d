"""Fan-out and fan-in of real tasks, small and large, and of empty ones."""

import os

import pendulum
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator
from tradewind.operators.python import PythonOperator

START = pendulum.datetime(2026, 1, 1)


def nothing() -> None:
    """Do nothing."""


def make(dag_id: str, width: int, is_empty: bool) -> None:
    """One task, `width` behind it, one behind them all."""
    with DAG(dag_id, schedule=None, start_date=START, max_active_tasks=10000):
        first, last = EmptyOperator(task_id="first"), EmptyOperator(task_id="last")
        for number in range(width):
            name = f"t{number:04d}"
            if is_empty:
                first >> EmptyOperator(task_id=name) >> last
            else:
                first >> PythonOperator(task_id=name, python_callable=nothing, do_xcom_push=False) >> last


for size in ("50", os.environ.get("PERF_BIG", "5000")):
    make(f"perf_big_{size}", int(size), is_empty=False)
    make(f"perf_big_empty_{size}", int(size), is_empty=True)

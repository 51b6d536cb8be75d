"""Independent no-op tasks, each of which writes when its code began and ended."""

import os
import time

import pendulum
from tradewind import DAG
from tradewind.operators.python import PythonOperator

WIDTH = int(os.environ.get("PERF_FAN", "200"))


def note(task_id: str) -> None:
    """Append the task's times, in nanoseconds of the clock that all processes share."""
    began = time.monotonic_ns()
    with open(os.environ["PERF_LEDGER"], "a") as ledger:  # noqa: PTH123  (a short way is what is measured)
        ledger.write(f"{task_id} {began} {time.monotonic_ns()}\n")


with DAG("perf_fan", schedule=None, start_date=pendulum.datetime(2026, 1, 1), max_active_tasks=WIDTH):
    for number in range(WIDTH):
        name = f"t{number:04d}"
        PythonOperator(task_id=name, python_callable=note, op_args=[name], do_xcom_push=False)

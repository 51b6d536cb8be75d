"""The DAG files that both systems get: one DAG a file, the same graph and the same code, only the imports differ."""

from __future__ import annotations

from collections.abc import Mapping

IMPORTS: Mapping[str, str] = {
    "tradewind": """
from tradewind import DAG
from tradewind.operators.bash import BashOperator
from tradewind.operators.empty import EmptyOperator
from tradewind.operators.python import PythonOperator
""",
    "2": """
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator
""",
    "3": """
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
""",
}
HEAD = '''"""A DAG file of the comparison with airflow."""
import os
import time
from datetime import datetime, timezone
{imports}
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
LIMITS = {{"max_active_tasks": 1000, "max_active_runs": 32}}


def note(task_id):
    began = time.monotonic_ns()
    with open(os.environ["PERF_LEDGER"], "a") as ledger:
        ledger.write(f"{{task_id}} {{began}} {{time.monotonic_ns()}}\\n")

'''
BODIES: Mapping[str, str] = {
    "chain30": """
with DAG("chain30", start_date=START, schedule=None, catchup=False, **LIMITS):
    before = None
    for number in range(30):
        name = f"t{number:03d}"
        task = PythonOperator(task_id=name, python_callable=note, op_args=[name])
        if before is not None:
            before >> task
        before = task
""",
    "fan200": """
with DAG("fan200", start_date=START, schedule=None, catchup=False, **LIMITS):
    for number in range(200):
        name = f"t{number:03d}"
        PythonOperator(task_id=name, python_callable=note, op_args=[name])
""",
    "empty1000": """
with DAG("empty1000", start_date=START, schedule=None, catchup=False, **LIMITS):
    for number in range(1000):
        EmptyOperator(task_id=f"t{number:04d}")
""",
    "layers50x20": """
with DAG("layers50x20", start_date=START, schedule=None, catchup=False, **LIMITS):
    above = []
    for layer in range(50):
        row = [EmptyOperator(task_id=f"t{layer:02d}_{number:02d}") for number in range(20)]
        for before, after in zip(above, row):
            before >> after
        above = row
""",
    "parse200": """
for number in range(200):
    with DAG(f"parse200_{number:03d}", start_date=START, schedule=None, catchup=False) as dag:
        before = None
        for place in range(5):
            task = BashOperator(task_id=f"t{place}", bash_command="true")
            if before is not None:
                before >> task
            before = task
    globals()[dag.dag_id] = dag
""",
}
RUNS = ("chain30", "fan200", "empty1000", "layers50x20")
TASKS: Mapping[str, int] = {"chain30": 30, "fan200": 200, "empty1000": 1000, "layers50x20": 1000}


def text(name: str, system: str) -> str:
    """Return one file for a system: `tradewind`, or Airflow's major version."""
    return HEAD.format(imports=IMPORTS[system]) + BODIES[name]

"""DAGs of empty tasks in layers, each task behind one of the layer before; the DAGs share three pools."""

import os

import pendulum
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator

LAYERS, WIDTH = int(os.environ.get("PERF_LAYERS", "10")), int(os.environ.get("PERF_WIDTH", "10"))

for dag_number in range(int(os.environ.get("PERF_DAGS", "30"))):
    pool = f"pool_{dag_number % 3}"
    with DAG(
        f"perf_layers_{dag_number:02d}", schedule=None, start_date=pendulum.datetime(2026, 1, 1), max_active_runs=100
    ) as dag:
        above: list[EmptyOperator] = []
        for layer in range(LAYERS):
            row = [EmptyOperator(task_id=f"l{layer:02d}_{number:02d}", pool=pool) for number in range(WIDTH)]
            for before, after in zip(above, row):  # noqa: B905  (a DAG file for Python 3.9 too)
                before >> after
            above = row
    globals()[dag.dag_id] = dag

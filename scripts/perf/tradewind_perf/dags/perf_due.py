"""DAGs of which thirty runs each are due as soon as they are let go: ten empty tasks in layers, over three pools."""

import os

import pendulum
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator

for dag_number in range(int(os.environ.get("PERF_DAGS", "30"))):
    with DAG(
        f"perf_due_{dag_number:02d}",
        schedule="@daily",
        start_date=pendulum.datetime(2026, 1, 1),
        end_date=pendulum.datetime(2026, 1, int(os.environ.get("PERF_RUNS", "30"))),
        catchup=True,
        max_active_runs=1000,
        max_active_tasks=10000,
        is_paused_upon_creation=True,
    ) as dag:
        above = None
        for layer in range(5):
            row = [EmptyOperator(task_id=f"l{layer}_{side}", pool=f"pool_{dag_number % 3}") for side in ("a", "b")]
            if above is not None:
                above >> row[0]
                above >> row[1]
            above = row[0]
    globals()[dag.dag_id] = dag

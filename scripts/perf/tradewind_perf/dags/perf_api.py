"""A DAG whose runs cost the daemons as little as a run can: what is measured is the request that makes one."""

import pendulum
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator

with DAG("perf_api", schedule=None, start_date=pendulum.datetime(2026, 1, 1), max_active_runs=100_000) as dag:
    EmptyOperator(task_id="only")

"""Remove once a day what is left of files that are gone: their import errors, and the DAGs that no file defines any more.

A DAG goes with its history, when all of it is older than the configuration says in the sections `retention` (keys `dag` and
`dag_file`) and `maintenance`. A run that somebody triggers removes nothing unless the param `dry_run` is false.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from tradewind import DAG, Param, task
from tradewind.operators.maintenance import MaintenanceOperator, Report, tell

STEPS = {"dags": "dag", "files": "dag_file"}

with DAG(
    "maintenance_stale",
    schedule="47 3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup="none",  # the first one is tonight, so that there is time for a look
    max_active_runs=1,
    is_paused_upon_creation=False,
    default_args={"owner": "tradewind", "retries": 2, "retry_delay": timedelta(minutes=5)},
    params={
        "dry_run": Param(
            None, type=["null", "boolean"], description="Only tell; by default so where somebody triggers it."
        ),
        "limit": Param(None, type=["null", "integer"], minimum=1, description="Rows of each kind removed at most."),
        "dag_id": Param(None, type=["null", "string"], description="This DAG only."),
    },
    doc_md=__doc__,
    tags=["maintenance"],
):

    @task(trigger_rule="all_done", retries=0)
    def report(ti: Any = None) -> Report:
        """Tell what was removed, and what was kept and why; fail where a step has failed."""
        return tell(dict(zip(STEPS, ti.xcom_pull(task_ids=list(STEPS)), strict=True)))

    # A step that fails holds up no other
    dags = MaintenanceOperator(task_id="dags", kind=STEPS["dags"])
    files = MaintenanceOperator(task_id="files", kind=STEPS["files"], trigger_rule="all_done")
    dags >> files >> report()

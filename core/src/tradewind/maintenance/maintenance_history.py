"""Remove once a day what is over: old runs with all that is theirs, and what nothing refers to any more.

How long things stay is said in the configuration, in the sections `retention` and `maintenance`. A run that somebody triggers tells
what would be removed, and removes nothing unless the param `dry_run` is false.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from tradewind import DAG, Param, task
from tradewind.operators.maintenance import MaintenanceOperator, Report, tell

STEPS = {
    "runs": "dag_run",
    "xcoms": "xcom",
    "versions": "dag_version",
    "version_files": "version_files",
    "backfills": "backfill",
    "asset_events": "asset_event",
    "daemons": "daemon",
    "audit_log": "audit_event",
    "stored_values": "stored_xcom",
    "logs": "task_log",
}

with DAG(
    "maintenance_history",
    schedule="17 3 * * *",
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
        "dag_id": Param(None, type=["null", "string"], description="What belongs to this DAG only."),
        "keep_days": Param(
            None, type=["null", "number"], exclusiveMinimum=0, description="Days that runs stay, for this time."
        ),
        "keep_runs": Param(None, type=["null", "integer"], minimum=1, description="Runs that stay, for this time."),
    },
    doc_md=__doc__,
    tags=["maintenance"],
):

    @task(trigger_rule="all_done", retries=0)
    def report(ti: Any = None) -> Report:
        """Tell what was removed, and what was kept and why; fail where a step has failed."""
        return tell(dict(zip(STEPS, ti.xcom_pull(task_ids=list(STEPS)), strict=True)))

    # One after the other: versions are unused when their runs are gone. A step that fails holds up no other
    last = None
    for step, kind in STEPS.items():
        removal = MaintenanceOperator(task_id=step, kind=kind, trigger_rule="all_done")
        if last is not None:
            last >> removal
        last = removal
    last >> report()

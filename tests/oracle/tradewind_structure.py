"""Print the structure of the DAGs of files as Tradewind stores it. Run by Tradewind's interpreter, as `airflow_structure.py` is by
Airflow's:

    python tradewind_structure.py --now 2026-06-01T12:00:00+00:00 FILE... > tradewind.json

Everything is read from the serialized DAG, not from the objects of the file, and the next runs come from the scheduler's own
arithmetic. `import airflow` finds tradewind-airflow-names, from the path or from the repository beside this file.
"""

from __future__ import annotations

import importlib.util
import sys
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

import time_machine
from forked import main
from tradewind.authoring.loading import dag_module_name, load_dags
from tradewind.config import load as load_config
from tradewind.parsing.description import check_executors
from tradewind.plugins.secrets import secrets_chain
from tradewind.serialization import SerializedDag, deserialize, serialize
from tradewind.serialization.model import SerializedTask
from tradewind.timetables import Timetable
from tradewind.timetables.cron import check_expression
from tradewind.transitions.calendar import next_run
from tradewind_plugins import host
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindNotFoundException

RUNS = 10
NAMES = Path(__file__).resolve().parents[2] / "backport" / "airflow-names" / "src"


class FromSecrets(host.Host):
    """What a file may ask while it is loaded, answered by the secrets backends alone: there is no database."""

    def __init__(self) -> None:
        self._chain = secrets_chain(load_config().config.plugins.secrets_backends)

    def connection(self, conn_id: str) -> Connection:
        """See `Host`."""
        found = self._chain.get_connection(conn_id)
        if found is None:
            raise TradewindNotFoundException(f"there is no connection {conn_id!r}")
        return found

    def variable(self, key: str) -> str | None:
        """See `Host`."""
        return self._chain.get_variable(key)


def load(file: Path, now: datetime) -> list[dict[str, Any]]:
    """Return the DAGs of a file as JSON values; raises what loading raises."""
    with_airflow_names()
    sys.path.insert(0, str(file.resolve().parent))
    with time_machine.travel(now, tick=False), host.bind(FromSecrets()):
        dags = load_dags(file.resolve(), dag_module_name(file.name))
        check_executors(dags)
        return [structure(serialize(dag), now) for _, dag in sorted(dags.items())]


@lru_cache(maxsize=1)
def with_airflow_names() -> None:
    """Let `import airflow` find our names in this process.

    Raises:
        RuntimeError: a real Airflow is in the way.
    """
    if importlib.util.find_spec("tradewind_airflow_names") is None:
        sys.path.append(str(NAMES))
    import tradewind_airflow_names  # noqa: PLC0415 - found only with the path above

    found = tradewind_airflow_names.install()
    if found is not None:
        raise RuntimeError(
            f"{found} is installed in this environment: run this with an interpreter that has Tradewind alone"
        )


def structure(serialized: bytes, now: datetime) -> dict[str, Any]:
    """Return a serialized DAG as the JSON values that `airflow_structure.py` has of one."""
    dag = deserialize(serialized)
    return {
        "dag_id": dag.dag_id,
        "schedule": schedule(dag.timetable),
        "catchup": dag.catchup,
        "start_date": moment(dag.start_date),
        "end_date": moment(dag.end_date),
        "max_active_runs": dag.max_active_runs,
        "max_active_tasks": dag.max_active_tasks,
        "tags": sorted(dag.tags),
        "params": {
            name: param.value if param.has_default else "<no default>" for name, param in sorted(dag.params.items())
        },
        "tasks": {task_id: task_fields(task) for task_id, task in sorted(dag.tasks.items())},
        "groups": {
            name: {"parent": group.parent_id, "label": group.label, "tooltip": group.tooltip}
            for name, group in sorted(dag.groups.items())
        },
        "runs": next_runs(dag, now),
    }


def schedule(timetable: Timetable) -> dict[str, Any]:
    """Return a timetable as JSON values, with its preset spelt out."""
    spec = timetable.to_spec()
    if timetable.asset_condition is not None:  # of those the recordings have the kind alone
        return {"type": {"assets": "dataset", "assets_or_time": "dataset_or_time"}[spec["type"]]}
    if spec["type"] == "custom":
        return {"type": spec["class"].rpartition(":")[2].rpartition(".")[2]}
    if spec["type"] == "delta_trigger":
        spec["seconds"] = spec.pop("delta")
    return spec | {"expression": check_expression(spec["expression"])} if "expression" in spec else spec


def task_fields(task: SerializedTask) -> dict[str, Any]:
    """Return a task as JSON values. What Tradewind has no field for, it refuses when the file is read: it is off."""
    return {
        "operator": task.task_type,
        "upstream": sorted(task.upstream),
        "trigger_rule": task.trigger_rule,
        "retries": task.retries,
        "retry_delay": task.retry_delay,
        "retry_exponential_backoff": getattr(task, "retry_exponential_backoff", False),
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "priority": task.priority,
        "queue": task.queue,
        "owner": task.owner,
        "group": task.group_id,
        "is_mapped": task.is_mapped and task.mapped_group is None,
        "is_in_mapped_group": task.mapped_group is not None,
        "depends_on_past": getattr(task, "depends_on_past", False),
        "wait_for_downstream": getattr(task, "wait_for_downstream", False),
        "execution_timeout": task.execution_timeout,
        "do_xcom_push": task.do_xcom_push,
        "is_setup": getattr(task, "is_setup", False),
        "is_teardown": getattr(task, "is_teardown", False),
    }


def next_runs(dag: SerializedDag, now: datetime) -> list[list[str | None]]:
    """Return the next runs: logical date, start and end of the data interval."""
    found: list[list[str | None]] = []
    after = None
    for _ in range(RUNS):
        spec = next_run(dag, after=after, now=now)
        if spec is None:
            break
        after = spec.data_interval_end
        found.append([moment(each) for each in (spec.logical_date, spec.data_interval_start, spec.data_interval_end)])
    return found


def moment(value: datetime | None) -> str | None:
    """Return a moment in UTC as text."""
    return None if value is None else value.astimezone(timezone.utc).isoformat()


if __name__ == "__main__":
    main(load)

"""A host in memory, and the way to run a task of a DAG as the executing process does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pendulum
import pytest
from tradewind.authoring.context import build_context, running_in
from tradewind.authoring.dag import DAG
from tradewind.authoring.preparation import prepare
from tradewind_plugins import host
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindNotFoundException


class MemoryHost(host.Host):
    """XComs by (task, key), variables and connections in dicts."""

    def __init__(self) -> None:
        self.xcoms: dict[tuple[str, str], Any] = {}
        self.variables: dict[str, str] = {}
        self.connections: dict[str, Connection] = {}
        self.pushed: dict[str, Any] = {}
        self.successes: list[tuple[str, Any]] = []
        self.success: dict[str, Any] | None = None

    def connection(self, conn_id: str) -> Connection:
        if conn_id not in self.connections:
            raise TradewindNotFoundException(conn_id)
        return self.connections[conn_id]

    def variable(self, key: str) -> str | None:
        return self.variables.get(key)

    def last_success(self, dag_id: str, *, before: Any) -> dict[str, Any] | None:
        self.successes.append((dag_id, before))
        return self.success

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value

    def xcom_pull(self, task_ids=None, *, key="return_value", default=None, **where: Any) -> Any:
        return self.xcoms.get((task_ids, key), default)


@pytest.fixture
def memory() -> MemoryHost:
    return MemoryHost()


@pytest.fixture
def dag() -> DAG:
    return DAG("made", schedule=None, start_date=pendulum.datetime(2024, 1, 1))


@pytest.fixture
def run(memory: MemoryHost) -> Callable[..., Any]:
    """Run a task by id; the XCom it returns is kept for the next. The task instance is ``run.ti`` afterwards.

    ``dag_run`` has what is to be other than in the usual manual run.
    """

    def run_task(
        dag: DAG,
        task_id: str,
        *,
        map_index: int = -1,
        conf: dict[str, Any] | None = None,
        dag_run: dict[str, Any] | None = None,
        **ti: Any,
    ) -> Any:
        task = dag.get_task(task_id)
        values = {
            "run_id": "manual__1",
            "run_type": "manual",
            "logical_date": "2024-03-10T12:30:00+00:00",
            "data_interval_start": "2024-03-09T00:00:00Z",
            "data_interval_end": "2024-03-10T00:00:00Z",
            "conf": conf,
            **(dag_run or {}),
        }
        context = build_context(task, dag_run=values, ti={"map_index": map_index, **ti})
        run_task.ti = context["ti"]
        with host.bind(memory), running_in(context):
            result = prepare(task, context).execute(context)
        memory.xcoms[task_id, "return_value"] = result
        return result

    return run_task

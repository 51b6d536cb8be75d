"""Testing DAGs with pytest: no database server, no daemon, nothing left behind.

Ask for the fixtures by `pytest -p tradewind.testing`, or with `pytest_plugins = ["tradewind.testing"]` in a conftest.py; the
functions can be imported without. Needs `pip install "tradewind[testing]"`.
"""

from tradewind.testing.clock import FrozenClock
from tradewind.testing.fakes import FakeConnections, FakeVariables
from tradewind.testing.fixtures import (
    fake_connections,
    fake_variables,
    frozen_clock,
    load_dag_fixture,
    pytest_configure,
    render_fixture,
    run_dag_fixture,
    run_task_fixture,
)
from tradewind.testing.integrity import assert_dag_integrity
from tradewind.testing.runs import Run, TaskResult, load_dag, render, run_dag, run_task

__all__ = [
    "FakeConnections",
    "FakeVariables",
    "FrozenClock",
    "Run",
    "TaskResult",
    "assert_dag_integrity",
    "fake_connections",
    "fake_variables",
    "frozen_clock",
    "load_dag",
    "load_dag_fixture",
    "pytest_configure",
    "render",
    "render_fixture",
    "run_dag",
    "run_dag_fixture",
    "run_task",
    "run_task_fixture",
]

"""Listeners of ends with real processes: a plugin's code hears in the scheduler what a worker wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

PLUGIN = """
import os
from pathlib import Path
from tradewind_plugins.hooks import hookimpl

HEARD = Path(__file__).with_name("heard.txt")

def write(event, what):
    with HEARD.open("a") as file:
        file.write(f"{event.key} {what} {event.state} {os.getpid()}\\n")

@hookimpl
def on_task_instance_ended(event):
    write(event, f"{event.task_id}[{event.map_index}]")

@hookimpl
def on_dag_run_ended(event):
    write(event, f"{event.dag_id}/{event.run_id}")
"""
DAG = """
import pendulum
from tradewind import dag, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1))
def chain():
    @task
    def first():
        raise ValueError("no")

    @task
    def second(word):
        return word

    second(first())

chain()
"""


@pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
def test_a_plugin_hears_in_the_scheduler_how_tasks_and_their_run_ended(deployment, tmp_path: Path) -> None:
    (tmp_path / "town_crier.py").write_text(PLUGIN)
    deployment.environment |= {"PYTHONPATH": str(tmp_path), "TRADEWIND__PLUGINS__MODULES": "town_crier"}
    deployment.put("chain.py", DAG)
    deployment.start("processor", "worker", "scheduler")
    deployment.until("the file is picked up", deployment.dag_ids)
    assert deployment.cli("dags", "trigger", "chain", "--run-id", "one").returncode == 0
    heard = tmp_path / "heard.txt"
    deployment.until("the plugin hears of the run", lambda: heard.exists() and "chain/one" in heard.read_text())
    lines = [line.split() for line in heard.read_text().splitlines()]
    assert [line[1:3] for line in lines] == [
        ["first[-1]", "failed"],
        ["second[-1]", "upstream_failed"],
        ["chain/one", "failed"],
    ]
    assert len({key for key, *_ in lines}) == 3
    assert {int(pid) for *_, pid in lines} == {deployment.processes["scheduler"].pid}

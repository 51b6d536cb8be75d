"""The same file means the same on Tradewind and on Airflow 1.10."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

# What the tasks return is written down by a listener: the run of `dags test` itself leaves nothing behind.
LISTENER = """
import json, os
from tradewind_plugins.hooks import hookimpl

@hookimpl
def on_task_success(event):
    with open(os.environ["RESULTS"], "a") as file:
        print(json.dumps([event.task_id, event.result]), file=file)
"""


@pytest.fixture(scope="module")
def on_tradewind(tmp_path_factory):
    """Run the DAG in one process and return what its tasks returned, by task id."""
    folder = tmp_path_factory.mktemp("tradewind")
    (folder / "writes_results.py").write_text(LISTENER)
    environment = os.environ | {
        "PYTHONPATH": str(folder),
        "RESULTS": str(folder / "results.txt"),
        "TRADEWIND_HOME": str(folder / "home"),
        "TRADEWIND_VAR_GREETING": "hello",
        "TRADEWIND__PLUGINS__MODULES": "writes_results",
    }
    file = str(HERE / "dags" / "semantics.py")
    command = [sys.executable, "-m", "tradewind", "dags", "test", "semantics", "--file", file, "-e", "2021-01-01"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(line) for line in (folder / "results.txt").read_text().splitlines())


def test_tasks_return_the_same_on_both_hosts(on_tradewind, report):
    on_airflow = {task_id: result for task_id, (_, result) in report["semantics"].items() if result is not None}
    assert {task_id: result for task_id, result in on_tradewind.items() if result is not None} == on_airflow

"""Commands that import a DAG file answer its queries too."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tradewind_airflow_names

OLD = """
from airflow import DAG

with DAG("old", schedule_interval="@daily"):
    pass
"""


@pytest.fixture
def tradewind(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return what runs a command in a fresh home with a DAG file."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "old.py").write_text(OLD)
    (tmp_path / "tradewind.toml").write_text('[plugins]\nmodules = ["tradewind_airflow_names.plugin"]\n')
    source = str(Path(tradewind_airflow_names.__file__).parents[1])
    environ = os.environ | {
        "TRADEWIND_HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])]),
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tradewind", *words]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    assert run("db", "migrate").returncode == 0
    return run


QUERIES = """
from airflow import DAG, settings
from airflow.decorators import task
from airflow.models import DagModel, DagRun, TaskInstance, Variable, XCom
from airflow.utils.session import create_session

with create_session() as session:
    keys = [each.key for each in session.query(Variable).order_by(Variable.key)]
    others = session.query(DagModel.dag_id, DagModel.schedule_interval, DagModel.fileloc).all()

with DAG("queries", schedule=None, tags=keys):
    @task
    def first():
        return "pushed"

    @task
    def second(run_id=None):
        with create_session() as session:
            (run,) = session.query(DagRun).filter(DagRun.dag_id == "queries", DagRun.state == "running").all()
            states = session.query(TaskInstance.state).filter_by(run_id=run.run_id, task_id="first").all()
        found = XCom.get_one(run_id=run_id, task_id="first")
        print("FOUND", run.run_id == run_id, states, found, keys, sorted(others)[0])
        session.add(Variable("made", "here"))

    first() >> second()
"""


def test_queries_are_answered_by_the_commands_too(
    tradewind: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "dags" / "queries.py").write_text(QUERIES)
    assert tradewind("variables", "set", "key", "value").returncode == 0
    tradewind("dag-processor", "--once")
    with sqlite3.connect(tmp_path / "tradewind.db") as database:
        tags = dict(database.execute("SELECT dag_id, tags FROM dag"))
        warnings = dict(database.execute("SELECT path, warnings FROM dag_file"))
    database.close()
    assert tags == {"old": "[]", "queries": '["key"]'}
    assert warnings["queries.py"] == "[]", "the copy in memory leaves nothing that a fork must not share"
    done = tradewind("dags", "test", "queries")
    told = done.stdout + done.stderr
    assert done.returncode == 1
    assert "FOUND True [('success',)] pushed ['key'] ('old', '@daily', 'old.py')" in told
    assert "insert 'made' into 'variable' is not possible: DAG code has a read-only view" in told

"""With the plugin in the configuration, DAG files that import airflow are read and run by the daemons' own processes."""

from __future__ import annotations

import json
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
from airflow.operators.bash_operator import BashOperator
from airflow.operators.python import PythonOperator
from airflow.utils.dates import days_ago

with DAG("old", schedule_interval="@daily", start_date=days_ago(1), catchup=False) as dag:
    first = BashOperator(task_id="first", bash_command="echo {{ ds }}")
    first >> PythonOperator(task_id="second", python_callable=lambda: 7)
"""
WAITS = "from airflow import DAG\nfrom airflow.sensors.external_task import ExternalTaskSensor\n"
OWN = """
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator

with DAG("own", schedule=None):
    EmptyOperator(task_id="only")
"""


@pytest.fixture
def tradewind(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return what runs a command in a fresh home with three DAG files."""
    (tmp_path / "dags").mkdir()
    for name, text in {"old": OLD, "waits": WAITS, "own": OWN}.items():
        (tmp_path / "dags" / f"{name}.py").write_text(text)
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


def test_the_processor_reads_them_and_names_what_is_not_built(
    tradewind: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = tradewind("dag-processor", "--once")
    assert done.returncode == 0, done.stderr
    listed = json.loads(tradewind("dags", "list", "--output", "json").stdout)
    assert sorted(each["dag_id"] for each in listed) == ["old", "own"]
    (error,) = json.loads(tradewind("dags", "list-import-errors", "--output", "json").stdout)
    assert "airflow.sensors.external_task.ExternalTaskSensor is not built yet in Tradewind" in json.dumps(error)


def test_a_run_of_one_succeeds(tradewind: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = tradewind("dags", "test", "old")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "success" in done.stdout + done.stderr


def test_a_provider_that_is_not_installed_is_named(
    tradewind: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "dags" / "waits.py").write_text(
        "from airflow import DAG\nfrom airflow.providers.amazon.aws.hooks.s3 import S3Hook\n"
    )
    tradewind("dag-processor", "--once")
    told = tradewind("dags", "list-import-errors", "--output", "json").stdout
    assert "No module named 'airflow.providers.amazon'; run: pip install tradewind-amazon [module-missing]" in told


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
    (tmp_path / "dags" / "waits.py").unlink()
    (tmp_path / "dags" / "queries.py").write_text(QUERIES)
    assert tradewind("variables", "set", "key", "value").returncode == 0
    tradewind("dag-processor", "--once")
    with sqlite3.connect(tmp_path / "tradewind.db") as database:
        tags = dict(database.execute("SELECT dag_id, tags FROM dag"))
        warnings = dict(database.execute("SELECT path, warnings FROM dag_file"))
    database.close()
    assert tags == {"own": "[]", "old": "[]", "queries": '["key"]'}
    assert warnings["queries.py"] == "[]", "the copy in memory leaves nothing that a fork must not share"
    done = tradewind("dags", "test", "queries")
    told = done.stdout + done.stderr
    assert done.returncode == 1
    assert "FOUND True [('success',)] pushed ['key'] ('old', '@daily', 'old.py')" in told
    assert "insert 'made' into 'variable' is not possible: DAG code has a read-only view" in told

"""DAG files that query Airflow's tables, read by the processor and run by `dags test`."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import tradewind_airflow_names
from tradewind.metadata.engine import Database
from tradewind.metadata.secrets import open_cipher
from tradewind.metadata.statements import variables

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
        settings.Session().add(Variable("made", "here"))

    first() >> second()
"""
BESIDE = """
import datetime
from airflow.models import DAG

dag = DAG("beside", schedule="@daily", start_date=datetime.datetime(2024, 1, 1), catchup=False)
"""


def test_queries_are_answered_when_a_file_is_read_and_in_a_test_of_its_dag(sqlite_url: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "queries.py").write_text(QUERIES)
    (home / "dags" / "beside.py").write_text(BESIDE)
    (home / "tradewind.toml").write_text('[plugins]\nmodules = ["tradewind_airflow_names.plugin"]\n')
    cipher = open_cipher("", home)
    database = Database(sqlite_url)
    database.write(lambda conn: variables.set_variable(conn, "key", "value", description=None, cipher=cipher))
    database.dispose()
    source = str(Path(tradewind_airflow_names.__file__).parents[1])
    path = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    environ = os.environ | {"TRADEWIND_HOME": str(home), "TRADEWIND__DATABASE__URL": sqlite_url, "PYTHONPATH": path}

    def run(*words: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "tradewind", *words]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    code, told = run("dag-processor", "--once")
    assert code == 0, told
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as read:
        assert dict(read.execute("SELECT dag_id, tags FROM dag")) == {"beside": "[]", "queries": '["key"]'}
        warned = dict(read.execute("SELECT path, warnings FROM dag_file"))
    assert warned["queries.py"] == "[]", "the copy in memory leaves nothing that a fork must not share"
    code, told = run("dags", "test", "queries")
    assert code == 1
    assert "FOUND True [('success',)] pushed ['key'] ('beside', '@daily', 'beside.py')" in told
    assert "insert 'made' into 'variable' is not possible: DAG code has a read-only view" in told

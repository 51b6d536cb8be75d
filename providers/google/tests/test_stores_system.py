"""A whole Tradewind whose tables go through Google Cloud Storage: the DAG says nothing of it."""

import contextlib
import json
import os
import subprocess
import sys

import pytest
from tradewind_google.hooks.gcs import GCSHook

pytestmark = pytest.mark.backed_by("emulator", "fake-gcs-server")

pytest.importorskip("tradewind", reason="what runs a DAG is not installed where a provider is tested alone")
for library in ("pandas", "polars", "pyarrow"):
    pytest.importorskip(library)

# The DAG of a talk: tasks hand tables on, and nothing in it says where they are kept
DAG_FILE = """
import pandas as pd
import polars as pl
from tradewind import DAG, task

with DAG("visitors", schedule=None):

    @task
    def load():
        return pd.DataFrame({"museum": ["owls", "boats", "owls"], "visitors": [40, 2, 8]})

    @task
    def by_museum(frame):
        return pl.from_pandas(frame).group_by("museum").agg(pl.col("visitors").sum()).sort("museum")

    @task
    def best(frame):
        museum, visitors = frame.row(frame["visitors"].arg_max())
        return [museum, visitors, type(frame).__module__]

    @task
    def remark():
        return "x" * 5000

    best(by_museum(load()))
    remark()
"""


@pytest.mark.long
def test_functions_hand_tables_on_over_the_cloud(google, bucket, gcs_url, tmp_path):
    location = f"gs://{bucket}/xcoms?project=shop&endpoint={gcs_url}"
    settings = {
        "TRADEWIND__PLUGINS__XCOM_STORAGES": json.dumps({"lake": {"storage": "gcs", "location": location}}),
        "TRADEWIND__PLUGINS__XCOM_RULES": json.dumps([{"type": "table", "storage": "lake"}]),
        "TRADEWIND__EXECUTION__MAX_XCOM_INLINE": "1",
    }
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "visitors.py").write_text(DAG_FILE)
    environment = {**os.environ, **settings, "TRADEWIND_HOME": str(tmp_path)}

    def tradewind(*words):
        command = [sys.executable, "-m", "tradewind", *words]
        ended = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    tradewind("db", "migrate")
    tradewind("dag-processor", "--once")
    with running(environment, tmp_path, "scheduler"), running(environment, tmp_path, "worker"):
        tradewind("dags", "trigger", "visitors", "--unpause", "--wait", "--run-id", "r")
    kept = GCSHook().list(bucket, prefix="xcoms/")
    assert [key.rpartition("/")[2] for key in kept] == ["return_value.parquet"] * 2
    assert all(GCSHook().download(bucket, key).startswith(b"PAR1") for key in kept)
    here = [path.name for path in (tmp_path / "xcoms").rglob("*") if path.is_file()]
    assert here == ["return_value.json"], "values that are no tables stay with the default storage"
    # What the run has left is read from where it is, by any command
    assert "['owls', 48, 'polars.dataframe.frame']" in tradewind("tasks", "test", "visitors", "best", "r")
    tradewind("dags", "delete", "visitors", "--yes")
    assert GCSHook().list(bucket, prefix="xcoms/") == []
    assert [path for path in (tmp_path / "xcoms").rglob("*") if path.is_file()] == []


@contextlib.contextmanager
def running(environment, folder, daemon):
    with (folder / f"{daemon}.log").open("w") as log:
        command = [sys.executable, "-m", "tradewind", daemon]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)

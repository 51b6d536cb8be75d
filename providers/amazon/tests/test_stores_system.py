"""A whole Tradewind whose large XComs and logs are in S3: what the settings name is used by workers and commands alike."""

import contextlib
import json
import os
import subprocess
import sys

import pytest
from tradewind_amazon.hooks.s3 import S3Hook

pytestmark = pytest.mark.backed_by("emulator", "moto")

pytest.importorskip("tradewind", reason="what runs a DAG is not installed where a provider is tested alone")
SETTINGS = """
[plugins]
xcom_storage = "s3"
xcom_location = "s3://{bucket}/xcoms?region_name=eu-west-1&endpoint_url={url}"
[logs]
store = "s3"
location = "s3://{bucket}/logs?region_name=eu-west-1&endpoint_url={url}"
[execution]
max_xcom_inline = 1
"""
DAG_FILE = """
from tradewind import DAG, task
with DAG("large", schedule=None) as dag:
    @task
    def make():
        return "x" * 2000
    @task
    def take(text):
        print("took", len(text))
    take(make())
"""


@pytest.mark.long
def test_large_xcoms_and_logs_are_in_the_cloud(aws, bucket, moto_url, tmp_path):
    (tmp_path / "tradewind.toml").write_text(SETTINGS.format(bucket=bucket, url=moto_url))
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "large.py").write_text(DAG_FILE)
    environment = {
        **os.environ,
        "TRADEWIND_HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }

    def tradewind(*words):
        command = [sys.executable, "-m", "tradewind", *words]
        ended = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    tradewind("db", "migrate")
    tradewind("dag-processor", "--once")
    with running(environment, tmp_path, "scheduler"), running(environment, tmp_path, "worker"):
        tradewind("dags", "trigger", "large", "--unpause", "--wait", "--run-id", "r")
        logs = tradewind("tasks", "logs", "large", "take", "r")
    assert "took 2000" in logs
    assert any(key.startswith("xcoms/") for key in S3Hook().list_keys(bucket))
    assert len(S3Hook().list_keys(bucket, prefix="logs/")) == 2  # merged, as the worker has ended


TABLES = """
import pandas as pd
import polars as pl
from tradewind import DAG, task
from tradewind.operators.python import PythonOperator

def largest(frame):
    return frame.filter(pl.col("n") == pl.col("n").max())

with DAG("tables", schedule=None, xcom_storage="lake") as dag:
    @task
    def make():
        return pd.DataFrame({"n": [1, 40, 2]})
    @task(xcom_storage="near")
    def turn(frame):
        return pl.from_pandas(frame)
    @task
    def tell(frame):
        return ["x" * 2000, frame.shape[0], type(frame).__module__]
    tell(PythonOperator(task_id="classic", python_callable=largest, op_args=[turn(make())]).output)
"""


@pytest.mark.long
def test_each_storage_has_what_dag_and_task_say_and_loses_it_with_the_run(aws, bucket, moto_url, tmp_path):
    for library in ("pandas", "polars", "pyarrow"):
        pytest.importorskip(library)
    location = f"s3://{bucket}/lake?region_name=eu-west-1&endpoint_url={moto_url}"
    named = {
        "lake": {"storage": "s3", "location": location},
        "near": {"storage": "folder", "location": "{home}/near"},
    }
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "tables.py").write_text(TABLES)
    environment = {
        **os.environ,
        "TRADEWIND_HOME": str(tmp_path),
        "TRADEWIND__PLUGINS__XCOM_STORAGES": json.dumps(named),
        "TRADEWIND__EXECUTION__MAX_XCOM_INLINE": "1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }

    def tradewind(*words):
        command = [sys.executable, "-m", "tradewind", *words]
        ended = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    tradewind("db", "migrate")
    tradewind("dag-processor", "--once")
    with running(environment, tmp_path, "scheduler"), running(environment, tmp_path, "worker"):
        tradewind("dags", "trigger", "tables", "--unpause", "--wait", "--run-id", "r")
    endings = [key.rpartition(".")[2] for key in S3Hook().list_keys(bucket, prefix="lake/")]
    assert sorted(endings) == ["json", "parquet", "parquet"], "tell, make and classic"
    assert [path.suffix for path in (tmp_path / "near").rglob("*") if path.is_file()] == [".parquet"]
    assert not (tmp_path / "xcoms").exists(), "nothing goes to the default"
    assert "1, 'polars.dataframe.frame']" in tradewind("tasks", "test", "tables", "tell", "r")
    tradewind("dags", "delete", "tables", "--yes")
    assert not S3Hook().list_keys(bucket, prefix="lake/")
    assert not [path for path in (tmp_path / "near").rglob("*") if path.is_file()]


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

"""With the plugin in the configuration, DAG files that import airflow are read and run by the daemons' own processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tradewind_airflow_names

Tradewind = Callable[..., subprocess.CompletedProcess[str]]

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
MISSES = "from airflow import DAG\nfrom airflow.providers.amazon.aws.hooks.s3 import S3Hook\n"
OWN = """
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator

with DAG("own", schedule=None):
    EmptyOperator(task_id="only")
"""
CUSTOM = """
from airflow.hooks.base_hook import BaseHook
from airflow.models import BaseOperator
from airflow.operators.branch import BaseBranchOperator
from airflow.sensors.base import BaseSensorOperator
from airflow.utils.decorators import apply_defaults


class NumberHook(BaseHook):
    def __init__(self, conn_id="numbers", *args, **kwargs):
        super(NumberHook, self).__init__(source=None)
        self.conn_id = conn_id

    def get_conn(self):
        return self.get_connection(self.conn_id).port


class NumberOperator(BaseOperator):
    template_fields = ("day",)
    ui_color = "#abcdef"

    @apply_defaults
    def __init__(self, day, conn_id=None, *args, **kwargs):
        super(NumberOperator, self).__init__(*args, **kwargs)
        self.day = day
        self.conn_id = conn_id

    def execute(self, context):
        self.log.info("%s.%s with %s", self.dag_id, self.task_id, sorted(self.params))
        self.xcom_push(context, key="port", value=NumberHook(self.conn_id).get_conn())
        return self.dag.dag_id + self.day


class SeenSensor(BaseSensorOperator):
    @apply_defaults
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)

    def poke(self, context):
        return self.xcom_pull(context, task_ids="number", key="port") == 7


class Chooser(BaseBranchOperator):
    def choose_branch(self, context):
        return "left" if context["ti"].xcom_pull(task_ids="number") == "custom2024-05-06" else "right"
"""
USES_CUSTOM = """
import datetime
from airflow import DAG
from airflow.models.baseoperator import chain_linear
from airflow.operators.dummy_operator import DummyOperator
from number_helpers import Chooser, NumberOperator, SeenSensor

args = {"owner": "airflow", "depends_on_past": False, "conn_id": "numbers", "start_date": datetime.datetime(2024, 5, 1)}
dag = DAG("custom", default_args=args, schedule_interval=None, params={"p": 1})
number = NumberOperator(task_id="number", day="{{ ds }}", dag=dag)
seen = SeenSensor(task_id="seen", poke_interval=1, timeout=5, dag=dag)
choose = Chooser(task_id="choose", dag=dag)
chain_linear(number, seen, choose, [DummyOperator(task_id=each, dag=dag) for each in ("left", "right")])
"""
ASKS = """
import os
from airflow import settings
from airflow.configuration import conf
from airflow.hooks.base import BaseHook
from airflow.models import DAG, Variable
from airflow.operators.python import PythonOperator

colour = Variable.get("colour")
assert settings.DAGS_FOLDER == os.path.join(os.environ["AIRFLOW_HOME"], "dags") == conf.get("core", "dags_folder")


def tell(**context):
    assert BaseHook.get_connection("shop").host == "shop.example.com"
    assert BaseHook.get_connection("numbers").port == 7  # ours first
    assert conf.getint("mine", "number", fallback=0) == 8
    assert Variable.get("colour") == "teal"


with DAG("asks_" + colour, schedule=None) as dag:
    PythonOperator(task_id="tell", python_callable=tell)
"""
FILES = {
    "asks.py": ASKS,
    "old.py": OLD,
    "waits.py": WAITS,
    "misses.py": MISSES,
    "own.py": OWN,
    "number_helpers.py": CUSTOM,
    "custom.py": USES_CUSTOM,
}


@pytest.fixture(scope="module")
def tradewind(tmp_path_factory: pytest.TempPathFactory) -> Tradewind:
    """Return what runs a command in a home whose DAG files a processor has read."""
    home = tmp_path_factory.mktemp("home")
    (home / "dags").mkdir()
    for name, text in FILES.items():
        (home / "dags" / name).write_text(text)
    (home / "tradewind.toml").write_text('[plugins]\nmodules = ["tradewind_airflow_names.plugin"]\n')
    source = str(Path(tradewind_airflow_names.__file__).parents[1])
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")} | {
        "TRADEWIND_HOME": str(home),
        "TRADEWIND_CONN_NUMBERS": "http://example.com:7",
        "AIRFLOW_CONN_NUMBERS": "http://example.com:8",
        "AIRFLOW_CONN_SHOP": '{"conn_type": "http", "host": "shop.example.com"}',
        "AIRFLOW_VAR_COLOUR": "teal",
        "AIRFLOW__MINE__NUMBER": "8",
        "PYTHONPATH": os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])]),
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tradewind", *words]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    assert run("db", "migrate").returncode == 0
    done = run("dag-processor", "--once")
    assert done.returncode == 0, done.stderr
    return run


def errors(tradewind: Tradewind) -> dict[str, str]:
    """Return what the processor says of the files that it could not import."""
    told = json.loads(tradewind("dags", "list-import-errors", "--output", "json").stdout)
    return {each["file"]: each["error"] for each in told}


def test_the_processor_reads_them_and_names_what_is_not_built(tradewind: Tradewind) -> None:
    listed = json.loads(tradewind("dags", "list", "--output", "json").stdout)
    assert sorted(each["dag_id"] for each in listed) == ["asks_teal", "custom", "old", "own"]
    told = errors(tradewind)
    assert told.keys() == {"waits.py", "misses.py"}
    assert (
        "airflow.sensors.external_task.ExternalTaskSensor is not built yet in Tradewind (triggering and awaiting other DAGs)"
        in told["waits.py"]
    )
    assert (
        "airflow.providers.amazon comes with the provider amazon; run: pip install tradewind-amazon"
        in told["misses.py"]
    )
    assert told["misses.py"].count("pip install") == 1


@pytest.mark.parametrize("dag_id", ["old", "custom", "asks_teal"])
def test_a_run_of_one_succeeds(tradewind: Tradewind, dag_id: str) -> None:
    done = tradewind("dags", "test", dag_id, "2024-05-06")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "success" in done.stdout + done.stderr

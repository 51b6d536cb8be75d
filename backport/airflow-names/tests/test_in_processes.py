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

Tradewind = Callable[..., list[str]]
END = "\x1e"
COMMANDS = """
import sys
from tradewind.cli.main import main

for command in sys.argv[1:]:
    assert main(command.split()) < 2, command  # 1 is also that of a list of errors
    print(end=chr(30), flush=True)
"""

OLD = """
from airflow import DAG
from airflow.operators.bash_operator import BashOperator
from airflow.operators.python import PythonOperator
from airflow.utils.dates import days_ago

with DAG("old", schedule_interval="@daily", start_date=days_ago(1), catchup=False) as dag:
    first = BashOperator(task_id="first", bash_command="echo {{ ds }}")
    first >> PythonOperator(task_id="second", python_callable=lambda: 7)
"""
WAITS = "from airflow import DAG\nfrom airflow.io.path import ObjectStoragePath\n"
MISSES = "from airflow import DAG\nfrom airflow.providers.owl.hooks.owl import OwlHook\n"
OWN = """
import os
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator

with open(os.environ["LEDGER"], "a") as ledger:
    ledger.write("read\\n")
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
        assert (self.params["p"], context["ti"].operator) == (1, "NumberOperator")
        assert context["ti"].get_template_context()["ds"] == self.day
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
PLUGIN = """
from airflow.hooks.base_hook import BaseHook
from airflow.models import BaseOperator
from airflow.plugins_manager import AirflowPlugin
from prices import price_of


class PriceHook(BaseHook):
    def get_conn(self):
        return price_of("tea")


class PriceOperator(BaseOperator):
    def execute(self, context):
        return PriceHook().get_conn()


def doubled(number):
    return 2 * number


class ShopPlugin(AirflowPlugin):
    name = "shop"
    operators = [PriceOperator]
    hooks = [PriceHook]
    macros = [doubled]
    flask_blueprints = [object()]
"""
BROKEN = "from airflow.plugins_manager import AirflowPlugin\nimport nothing_of_that_name\n"
USES_PLUGIN = """
from airflow import DAG
from airflow.hooks.shop import PriceHook
from airflow.operators import PriceOperator
from airflow.operators.bash import BashOperator
from airflow.operators.shop import PriceOperator as Same
from prices import price_of

assert Same is PriceOperator
with DAG("plugged", schedule=None) as dag:
    BashOperator(
        task_id="macro",
        bash_command="test {{ macros.shop.doubled(21) }} = 42 && test {{ macros.ds_add(ds, 1) }} = 2024-05-07 && "
        "test {{ conf.get('mine', 'number') }} = 8",
    )
    PriceOperator(task_id="price_of_%d" % price_of("tea"))
"""
MISSES_PLUGIN = "# a DAG\nfrom airflow.operators.broken import BrokenOperator\n"
NESTED = """
from airflow import DAG
from airflow.operators.python_operator import PythonOperator
from airflow.operators.subdag_operator import SubDagOperator
from airflow.utils.dates import days_ago


def inner(parent, args):
    dag = DAG(parent + ".inner", default_args=args, schedule_interval="@daily", concurrency=2)
    PythonOperator(task_id="gives", python_callable=lambda: 7, dag=dag) >> PythonOperator(
        task_id="takes", python_callable=lambda ti: ti.xcom_pull(task_ids="inner.gives") / 7, provide_context=True, dag=dag
    )
    return dag


args = {"owner": "airflow", "start_date": days_ago(2)}
dag = DAG("nested", default_args=args, schedule_interval=None, concurrency=4)
SubDagOperator(task_id="inner", subdag=inner("nested", args), default_args=args, dag=dag)
"""
PRICES = "def price_of(name):\n    return 7\n"
FILES = {
    "nested.py": NESTED,
    "plugged.py": USES_PLUGIN,
    "misses_plugin.py": MISSES_PLUGIN,
    "../plugins/shop_plugin.py": PLUGIN,
    "../plugins/broken_plugin.py": BROKEN,
    "../config/prices.py": PRICES,
    "asks.py": ASKS,
    "old.py": OLD,
    "waits.py": WAITS,
    "misses.py": MISSES,
    "own.py": OWN,
    "number_helpers.py": CUSTOM,
    "custom.py": USES_CUSTOM,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder TRADEWIND_HOME."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def tradewind(home: Path) -> Tradewind:
    """Return what runs commands in one process, in a home whose DAG files a processor has read; it returns what each printed."""
    for folder in ("dags", "plugins", "config"):
        (home / folder).mkdir()
    for name, text in FILES.items():
        (home / "dags" / name).write_text(text)
    (home / "tradewind.toml").write_text('[plugins]\nmodules = ["tradewind_airflow_names.plugin"]\n')
    source = str(Path(tradewind_airflow_names.__file__).parents[1])
    environ = (
        {"LEDGER": str(home / "ledger")}
        | {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        | {
            "TRADEWIND_HOME": str(home),
            "TRADEWIND_CONN_NUMBERS": "http://example.com:7",
            "AIRFLOW_CONN_NUMBERS": "http://example.com:8",
            "AIRFLOW_CONN_SHOP": '{"conn_type": "http", "host": "shop.example.com"}',
            "AIRFLOW_VAR_COLOUR": "teal",
            "AIRFLOW__MINE__NUMBER": "8",
            "PYTHONPATH": os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
    )

    def run(*commands: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS, *commands], env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        (home / "last.log").write_text(done.stdout + done.stderr)
        return done.stdout.split(END)[:-1]

    run("db migrate", "dag-processor --once")
    (home / "last.log").rename(home / "processor.log")
    return run


def test_the_processor_reads_them_and_names_what_is_not_built(tradewind: Tradewind) -> None:
    dags, errors = map(json.loads, tradewind("dags list -o json", "dags list-import-errors -o json"))
    assert sorted(each["dag_id"] for each in dags) == ["asks_teal", "custom", "nested", "old", "own", "plugged"]
    told = {each["file"]: each["error"] for each in errors}
    assert told.keys() == {"waits.py", "misses.py", "misses_plugin.py"}
    assert "airflow.io.path.ObjectStoragePath is not built yet in Tradewind (object storage paths)" in told["waits.py"]
    assert "airflow.providers.owl comes with the provider owl; run: pip install tradewind-owl" in told["misses.py"]
    assert told["misses.py"].count("pip install") == 1
    assert "airflow.operators.broken is not there, and the plugin" in told["misses_plugin.py"]
    assert (
        "broken_plugin.py cannot be loaded: ModuleNotFoundError: No module named 'nothing_of_that_name'"
        in told["misses_plugin.py"]
    )


@pytest.mark.usefixtures("tradewind")
def test_what_a_plugin_has_for_airflows_pages_is_told(home: Path) -> None:
    told = (home / "processor.log").read_text()
    assert "shop_plugin.py: flask_blueprints are not built yet in Tradewind and do nothing" in told


def test_runs_of_them_succeed(tradewind: Tradewind) -> None:
    dag_ids = ("old", "custom", "asks_teal", "plugged", "nested")
    for dag_id, told in zip(dag_ids, tradewind(*(f"dags test {each} 2024-05-06" for each in dag_ids)), strict=True):
        assert f"of {dag_id}: success" in told


def test_a_change_beside_the_dag_folder_reads_those_files_again_that_imported_from_there(
    tradewind: Tradewind, home: Path
) -> None:
    def reads_of_the_neighbour() -> int:
        return (home / "ledger").read_text().count("read")

    reads = reads_of_the_neighbour()
    (home / "config" / "prices.py").write_text("def price_of(name):\n    return 77\n")
    try:
        _, tasks = tradewind("dag-processor --once", "tasks list plugged")
    finally:
        (home / "config" / "prices.py").write_text(PRICES)
    assert "price_of_77" in tasks
    assert reads_of_the_neighbour() == reads

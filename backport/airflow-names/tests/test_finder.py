"""`import airflow…` finds Tradewind's names, warns of old paths, and names what is not built."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
import tradewind
from tradewind_airflow_names import finder
from tradewind_airflow_names.finder import NotBuiltError, ProviderMissingError, install, uninstall
from tradewind_airflow_names.items import INTERNALS, ITEMS, OBJECT_STORAGE, OTHER_DAGS, PROVIDERS
from tradewind_airflow_names.tables import BUILT, NOT_BUILT, RENAMED
from tradewind_plugins.declarations import AirflowAlias

SQLITE = (
    AirflowAlias(name="airflow.providers.sqlite", path="tradewind_sqlite"),
    AirflowAlias(
        name="airflow.operators.sqlite_operator:SqliteOperator",
        path="tradewind_sqlite.operators.sqlite:SqliteOperator",
        instead="airflow.providers.sqlite.operators.sqlite.SqliteOperator",
    ),
)


@pytest.fixture(autouse=True)
def names() -> Iterator[None]:
    uninstall()
    assert install(SQLITE) is None
    yield
    uninstall()


def module(name: str) -> ModuleType:
    return importlib.import_module(name)


def test_the_names_are_tradewinds_own() -> None:
    assert module("airflow").DAG is tradewind.DAG
    assert module("airflow.models").DAG is module("airflow.sdk").DAG is tradewind.DAG
    assert module("airflow.decorators").task is tradewind.task
    assert module("airflow.exceptions").AirflowSkipException is module("tradewind.exceptions").TradewindSkipException


@pytest.mark.parametrize(
    ("name", "home", "now", "old"),
    [
        (
            "LatestOnlyOperator",
            "operators.latest_only",
            "operators.latest_only",
            ["operators", "operators.latest_only_operator"],
        ),
        ("BranchDateTimeOperator", "operators.datetime", "operators.datetime", []),
        ("BranchDayOfWeekOperator", "operators.weekday", "operators.weekday", []),
        ("BaseBranchOperator", "operators.branch", "operators.branch", ["operators.branch_operator"]),
        ("BashSensor", "sensors.bash", "sensors.bash", ["contrib.sensors.bash_sensor"]),
        ("DateTimeSensor", "sensors.date_time", "sensors.date_time", ["sensors.date_time_sensor"]),
        (
            "DayOfWeekSensor",
            "sensors.weekday",
            "sensors.weekday",
            ["contrib.sensors.weekday_sensor", "sensors.weekday_sensor"],
        ),
        ("FileSensor", "sensors.filesystem", "sensors.filesystem", ["contrib.sensors.file_sensor"]),
        ("FSHook", "hooks.filesystem", "hooks.filesystem", ["contrib.hooks.fs_hook"]),
        ("TimeDeltaSensor", "sensors.time_delta", "sensors.time_delta", ["sensors", "sensors.time_delta_sensor"]),
        ("TimeSensor", "sensors.time", "sensors.time_sensor", ["sensors"]),
    ],
)
def test_what_core_has_built_in_is_found_under_each_of_its_paths(
    name: str, home: str, now: str, old: list[str]
) -> None:
    built = getattr(module(f"tradewind.{home}"), name)
    assert getattr(module(f"airflow.{now}"), name) is built
    assert getattr(module(f"airflow.providers.standard.{home}"), name) is built
    for path in old:
        with pytest.warns(DeprecationWarning, match=rf"airflow\.{now}"):
            assert getattr(module(f"airflow.{path}"), name) is built


def test_a_file_reads_as_it_was_written() -> None:
    text = """
from datetime import timedelta
import airflow
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.utils.dates import days_ago
from airflow.utils.trigger_rule import TriggerRule

with DAG("old", schedule_interval=timedelta(days=1), start_date=days_ago(2)) as dag:
    BashOperator(task_id="a", bash_command="true") >> BashOperator(
        task_id="b", bash_command="true", trigger_rule=TriggerRule.ALL_DONE
    )
assert airflow.models.Variable is not None
"""
    found: dict[str, object] = {}
    with pytest.warns(DeprecationWarning, match="schedule_interval is called schedule now"):
        exec(compile(text, "old.py", "exec"), found)  # noqa: S102  (a DAG file, as its author wrote it)
    dag = found["dag"]
    assert isinstance(dag, tradewind.DAG)
    assert sorted(dag.task_ids) == ["a", "b"]


@pytest.mark.parametrize("name", sorted(BUILT))
def test_every_name_is_there(name: str) -> None:
    found = module(name)
    assert {each: getattr(found, each) for each in BUILT[name]}.keys() == BUILT[name].keys()
    assert set(dir(found)) >= BUILT[name].keys()


def named(path: str) -> Any:
    """Import what `module` or `module:Name` names."""
    home, _, name = path.partition(":")
    return getattr(module(home), name) if name else module(home).__all__


@pytest.mark.parametrize("old", sorted(RENAMED))
def test_every_old_name_warns_with_the_new_one(old: str) -> None:
    with pytest.warns(DeprecationWarning, match=f"import {re.escape(RENAMED[old].replace(':', '.'))}$") as told:
        found = named(old)
    assert found == named(RENAMED[old])
    assert {each.filename for each in told} <= {__file__, importlib.__file__}


def test_each_name_that_is_not_built_is_named_with_what_it_belongs_to() -> None:
    uninstall()
    install()
    found = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for home, names in NOT_BUILT.items():
            for name, item in names.items():
                with pytest.raises(NotBuiltError) as told:
                    getattr(module(home), name)
                assert (f"{home}.{name}", told.value.item, told.value.airflow_name) == (
                    f"{home}.{name}",
                    item,
                    f"{home}.{name}",
                )
                assert str(told.value).startswith(f"{home}.{name} ")
                assert item in ITEMS
                found += 1
    assert found > 4000
    assert len(NOT_BUILT) > 700


def test_the_sentence_names_the_capability() -> None:
    with pytest.raises(
        NotBuiltError, match=r"^airflow\.sdk\.ObjectStoragePath is not built yet in Tradewind \(object storage paths\)$"
    ) as told:
        exec("from airflow.sdk import ObjectStoragePath", {})  # noqa: S102  (the statement is what is tested)
    assert told.value.item == OBJECT_STORAGE
    assert NOT_BUILT["airflow.sensors.external_task"]["ExternalDagLink"] == OTHER_DAGS


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_old_path_of_something_that_is_not_built_says_the_same() -> None:
    with pytest.raises(NotBuiltError, match=rf"^airflow\.operators\.dagrun_operator\.DagRunOrder .* \({OTHER_DAGS}\)$"):
        exec("from airflow.operators.dagrun_operator import DagRunOrder", {})  # noqa: S102


def test_names_that_airflow_has_in_several_places_are_one() -> None:
    assert module("airflow.operators.bash").BaseOperator is tradewind.BaseOperator
    assert module("airflow.decorators.python").PythonOperator is module("airflow.operators.python").PythonOperator


def test_airflows_own_works_are_told_at_the_import() -> None:
    with pytest.raises(NotBuiltError, match=rf"^airflow\.www\.app is not built yet in Tradewind \({INTERNALS}\)$"):
        module("airflow.www.app")


def test_what_airflow_does_not_have_either_is_an_ordinary_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'airflow\.nothing'"):
        module("airflow.nothing")
    with pytest.raises(ImportError, match="cannot import name 'Nothing'"):
        exec("from airflow.models import Nothing", {})  # noqa: S102  (the statement is what is tested)
    assert importlib.util.find_spec("airflow.nothing") is None


def test_a_provider_is_found_under_airflows_path() -> None:
    ours = module("tradewind_sqlite.operators.sqlite").SqliteOperator
    assert module("airflow.providers.sqlite.operators.sqlite").SqliteOperator is ours
    with pytest.raises(ModuleNotFoundError):
        module("airflow.providers.sqlite.operators.nothing")
    with pytest.warns(DeprecationWarning, match="import airflow.providers.sqlite.operators.sqlite.SqliteOperator$"):
        assert module("airflow.operators.sqlite_operator").SqliteOperator is ours


@pytest.mark.parametrize(
    ("statement", "distribution"),
    [
        ("from airflow.providers.amazon.aws.hooks.s3 import S3Hook", "tradewind-amazon"),
        ("import airflow.providers.microsoft.azure.hooks.wasb", "tradewind-microsoft-azure"),
        ("from airflow.hooks.postgres_hook import PostgresHook", "tradewind-postgres"),
        ("from airflow.contrib.hooks.snowflake_hook import SnowflakeHook", "tradewind-snowflake"),
        ("from airflow.providers.nobody.knows import It", "tradewind-nobody"),
    ],
)
def test_a_provider_that_is_not_installed_says_what_to_install(statement: str, distribution: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=f"; run: pip install {distribution}$") as told:
        exec(statement, {})  # noqa: S102
    assert isinstance(told.value, ProviderMissingError)
    assert told.value.distribution == distribution
    assert told.value.item == PROVIDERS


def test_an_operator_of_a_plugin_that_is_not_there_says_where_it_would_be() -> None:
    with pytest.raises(
        ImportError, match=r"^airflow\.operators\.SomeOperator is none of Airflow's: what gave it was a plugin, which"
    ):
        exec("from airflow.operators import SomeOperator", {})  # noqa: S102
    assert not hasattr(module("airflow.operators"), "some_operator")


def test_uninstalled_it_leaves_nothing() -> None:
    module("airflow.models")
    before = [each for each in sys.meta_path if not isinstance(each, finder.Finder)]
    uninstall()
    assert sys.meta_path == before
    assert not [name for name in sys.modules if name.partition(".")[0] == "airflow"]
    with pytest.raises(ModuleNotFoundError, match="No module named 'airflow'"):
        module("airflow")


def test_a_real_airflow_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    uninstall()
    info = tmp_path / "apache_airflow-2.11.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: apache-airflow\nVersion: 2.11.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert install() == "apache-airflow 2.11.0"
    assert not [each for each in sys.meta_path if isinstance(each, finder.Finder)]

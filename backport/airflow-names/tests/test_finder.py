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
from tradewind_airflow_names.finder import NotBuiltError, install, uninstall
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


@pytest.mark.parametrize("home", sorted(NOT_BUILT))
def test_what_is_not_built_is_named(home: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found = module(home)
        for name in NOT_BUILT[home]:
            with pytest.raises(NotBuiltError, match=rf"^{home}\.{name} is not built yet in Tradewind$"):
                getattr(found, name)


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

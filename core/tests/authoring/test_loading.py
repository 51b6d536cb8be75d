"""Loading DAG files."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradewind.authoring.loading import dag_module_name, load_dags
from tradewind.exceptions import TradewindDagCycleException, TradewindException


@pytest.fixture
def load(tmp_path, monkeypatch):
    def load(source: str, name: str = "some_dags.py"):
        path = tmp_path / name
        path.write_text(dedent(source))
        module_name = dag_module_name(name)
        monkeypatch.delitem(sys.modules, module_name, raising=False)
        return load_dags(path, module_name)

    yield load
    for name in [name for name, module in sys.modules.items() if str(tmp_path) in str(getattr(module, "__file__", ""))]:
        del sys.modules[name]


def test_dags_are_found_however_they_are_made(load, tmp_path):
    found = load(
        """
        from tradewind import DAG, dag

        plain = DAG("plain")

        with DAG("entered"):
            pass

        def make():
            with DAG("in_a_function"):
                pass

        make()

        @dag()
        def decorated(): ...

        decorated()
        """
    )
    assert sorted(found) == ["decorated", "entered", "in_a_function", "plain"]
    assert {made.fileloc for made in found.values()} == {str(tmp_path / "some_dags.py")}


def test_a_dag_that_does_not_register_itself_needs_a_name_at_module_level(load):
    found = load(
        """
        from tradewind import DAG, dag

        def make():
            with DAG("hidden", auto_register=False):
                pass

            @dag(auto_register=False)
            def also_hidden(): ...

            also_hidden()
            with DAG("neighbour"):
                pass

        make()
        with DAG("named", auto_register=False) as named:
            pass
        """
    )
    assert sorted(found) == ["named", "neighbour"]


@pytest.mark.parametrize("entry", ["pathlib.Path(__file__).parent", "'/'"])
def test_a_file_may_put_a_path_on_sys_path_that_is_no_string(load, monkeypatch, entry):
    monkeypatch.setattr(sys, "path", [*sys.path])
    load(f"import pathlib, sys; sys.path.insert(0, {entry})", "first.py")
    assert list(load("from tradewind import DAG; second = DAG('second')", "second.py")) == ["second"]


def test_a_block_that_fails_defines_nothing(load):
    found = load(
        """
        from tradewind import DAG

        try:
            with DAG("broken"):
                raise ValueError
        except ValueError:
            pass
        """
    )
    assert found == {}


def test_two_dags_of_one_id_are_refused(load):
    with pytest.raises(TradewindException, match=r"The file some_dags.py defines two DAGs with the id 'a'"):
        load("from tradewind import DAG\na = DAG('a')\nb = DAG('a')")


def test_a_circle_is_refused(load):
    with pytest.raises(TradewindDagCycleException, match=r"a >> b >> a|b >> a >> b"):
        load(
            """
            from tradewind import DAG
            from tradewind.operators.empty import EmptyOperator

            with DAG("d"):
                a, b = EmptyOperator(task_id="a"), EmptyOperator(task_id="b")
                a >> b >> a
            """
        )


@pytest.mark.parametrize("param", ["Param(type='string')", "Param(None, type='string')", "Param(0, minimum=1)"])
def test_a_scheduled_dag_needs_params_with_defaults_that_fit(load, param):
    source = "from tradewind import DAG, Param\nmade = DAG('d', schedule={}, params={{'p': {}}})"
    assert list(load(source.format(None, param))) == ["d"]
    with pytest.raises(
        TradewindException, match="DAG 'd' is scheduled, so its params need defaults that fit: Param 'p'"
    ):
        load(source.format("'@daily'", param), "other_dags.py")


def test_the_file_s_own_error_comes_through_and_leaves_no_module(load):
    with pytest.raises(ZeroDivisionError):
        load("1 / 0")
    assert "some_dags" not in sys.modules


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("my_dag.py", "my_dag"),
        ("team/daily/report.py", "team.daily.report"),
    ],
)
def test_module_names_follow_the_path(path, name):
    assert dag_module_name(path) == name


@pytest.mark.parametrize("path", ["json.py", "airflow.py", "tradewind/x.py", "my-dag.py", "2024/a.py", "os/path.py"])
def test_names_that_would_hide_others_or_are_none_are_made_up(path):
    assert dag_module_name(path).startswith("_dag_")


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1))
def test_every_file_has_a_module_name(stem):
    name = dag_module_name(f"{stem}.py")
    assert all(part.isidentifier() for part in name.split("."))

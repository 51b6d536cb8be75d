import json
import subprocess
import sys
from pathlib import Path

import pytest
from tradewind_plugins.exceptions import TradewindException
from tradewind_sqlite.operators.sqlite import SqliteOperator


def run(**arguments):
    return SqliteOperator(task_id="t", **arguments).execute({})


def test_the_result_is_the_rows_of_the_last_statement(shop):
    assert run(sql="CREATE TABLE t (a); INSERT INTO t VALUES (1), (2); SELECT a FROM t") == [(1,), (2,)]
    assert run(sql="DELETE FROM t") is None
    assert run(sql=["SELECT 1", "SELECT 2"], return_last=False) == [[(1,)], [(2,)]]


def test_without_xcom_nothing_is_fetched(shop):
    assert run(sql="SELECT 1", do_xcom_push=False) is None


def test_parameters_are_bound_and_a_handler_may_fetch(shop):
    assert run(sql="SELECT :a + 1", parameters={"a": 1}, handler=lambda cursor: cursor.fetchone()[0]) == 2
    assert run(sql="SELECT ?", parameters=["x"]) == [("x",)]


def test_another_file_can_be_named(shop, tmp_path):
    run(sql="CREATE TABLE t (a)", database=str(tmp_path / "other.db"))
    assert (tmp_path / "other.db").exists()


def test_what_is_templated():
    assert SqliteOperator.template_fields == ("sql", "parameters", "database")
    assert SqliteOperator.template_ext == (".sql",)


def test_a_misspelt_argument_is_refused():
    with pytest.raises(TradewindException, match="autocomit"):
        SqliteOperator(task_id="t", sql="SELECT 1", autocomit=True)


def test_the_provider_imports_neither_core_nor_pluggy_to_run():
    code = (
        "import sys, json, tradewind_sqlite.operators.sqlite\n"
        "print(json.dumps(sorted(name for name in sys.modules if name.partition('.')[0] in {'tradewind', 'pluggy'})))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == []


def test_the_plugin_declares_what_the_readme_lists():
    from tradewind_sqlite import plugin  # noqa: PLC0415 - the only test that needs pluggy

    readme = (Path(__file__).parents[1] / "README.md").read_text()
    (kind,) = plugin.tradewind_connection_types()
    for declared in [*plugin.tradewind_operators(), kind]:
        assert f"`{declared.path.replace(':', '.')}`" in readme
    assert all(field.hidden or field.name in readme for field in kind.fields)

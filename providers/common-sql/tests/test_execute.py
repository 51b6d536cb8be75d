"""Statements run by whichever hook the connection's type has."""

from __future__ import annotations

import pytest
from tradewind_common_sql.operators.sql import SQLExecuteQueryOperator
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindException

VISITORS = "SELECT visitors FROM visits ORDER BY visitors"


def run(host, sql=VISITORS, **arguments):
    return host.run(SQLExecuteQueryOperator(task_id="t", conn_id="shop", sql=sql, **arguments))


def test_the_result_is_the_rows(host, shop):
    assert run(host) == [[0], [8], [10], [12]]
    assert run(host, "DELETE FROM visits") is None


def test_sql_and_parameters_are_templated(host, shop):
    sql = "SELECT colour FROM visits WHERE day = :day AND visitors > {{ 9 }}"
    assert run(host, sql, parameters={"day": "{{ ds }}"}) == [["red"]]


def test_sql_may_be_a_file(host, shop):
    (host.folder / "count.sql").write_text("SELECT count(*) FROM visits WHERE day = '{{ ds }}'")
    assert run(host, "count.sql") == [[2]]


def test_several_statements_are_one_transaction_or_each_its_own(host, shop):
    two = ["DELETE FROM visits", "DELETE FROM gone"]
    with pytest.raises(Exception, match="no such table: gone"):
        run(host, two)
    assert len(run(host)) == 4
    with pytest.raises(Exception, match="no such table: gone"):
        run(host, two, autocommit=True)
    assert run(host) == []


def test_answers_of_several_statements(host, shop):
    text = "SELECT 1; SELECT 2"
    assert run(host, text, split_statements=True) == [[2]]
    assert run(host, text, split_statements=True, return_last=False) == [[[1]], [[2]]]
    assert run(host, ["SELECT 1", "SELECT 2"], return_last=False) == [[[1]], [[2]]]
    with pytest.raises(Exception, match="one statement at a time"):
        run(host, text)


def test_a_handler_fetches_and_a_processor_sees_the_columns(host, shop):
    assert run(host, handler=lambda cursor: cursor.fetchone()[0]) == 0
    assert run(host, handler=None) is None

    def named(results, descriptions):
        pairs = zip(results, descriptions, strict=True)
        return [[dict(zip([each[0] for each in told], row, strict=True)) for row in rows] for rows, told in pairs]

    assert run(host, "SELECT 1 AS a, 2 AS b", output_processor=named) == [{"a": 1, "b": 2}]


def test_without_an_xcom_nothing_is_fetched_unless_it_is_wanted(host, shop, caplog):
    fetched = []

    def handler(cursor):
        fetched.append(cursor.fetchall())
        return fetched[-1]

    assert run(host, do_xcom_push=False, handler=handler) is None
    assert fetched == []
    assert run(host, do_xcom_push=False, handler=handler, requires_result_fetch=True) is None
    assert len(fetched) == 1
    caplog.set_level("INFO")
    assert run(host, "SELECT 'ahoy'", do_xcom_push=False, show_return_value_in_logs=True) is None
    assert "('ahoy',)" in caplog.text


def test_another_database_and_arguments_of_the_hook(host, shop, tmp_path):
    run(host, "CREATE TABLE t (a)", database=str(tmp_path / "other.db"))
    assert run(host, "SELECT * FROM t", hook_params={"database": str(tmp_path / "other.db")}) == []


def test_a_connection_whose_hook_runs_no_sql_is_named(host):
    class Plain:
        conn_name_attr = "conn_id"

        def __init__(self, conn_id):
            pass

    host.add_connection(Connection(conn_id="shop", conn_type="parrot"))
    host.hook_class = lambda conn_type: Plain
    with pytest.raises(TradewindException, match="connection 'shop' cannot run SQL: its hook Plain is no DbApiHook"):
        run(host)


def test_without_a_connection_the_task_is_named(host):
    with pytest.raises(TradewindException, match=r"\.t needs conn_id"):
        host.run(SQLExecuteQueryOperator(task_id="t", sql="SELECT 1"))


def test_killed_it_cancels_by_its_hook(host, shop, monkeypatch):
    cancelled = []
    monkeypatch.setattr(type(shop), "cancel", lambda hook: cancelled.append(hook.client_name))
    task = SQLExecuteQueryOperator(task_id="t", conn_id="shop", sql="SELECT 1")
    task.on_kill()
    assert cancelled == []
    host.run(task)
    task.on_kill()
    assert len(cancelled) == 1
    assert cancelled[0].endswith(".t")

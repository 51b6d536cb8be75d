"""Operators of common-sql and our own on a real server, with the types of PostgreSQL."""

from __future__ import annotations

import pytest
from tradewind_common_sql.operators.generic_transfer import GenericTransfer
from tradewind_common_sql.operators.sql import (
    BranchSQLOperator,
    SQLColumnCheckOperator,
    SQLExecuteQueryOperator,
    SQLTableCheckOperator,
    SQLThresholdCheckOperator,
    SQLValueCheckOperator,
)
from tradewind_common_sql.sensors.sql import SqlSensor
from tradewind_plugins.exceptions import TradewindException
from tradewind_postgres.operators.postgres import PostgresOperator

pytestmark = pytest.mark.backed_by("real", "PostgreSQL")


def run(host, operator, **arguments):
    return host.run(operator(task_id="t", conn_id="postgres_default", **arguments))


class TestOperator:
    def test_settings_of_the_server_hold_for_the_task(self, host, shop):
        settings = {"statement_timeout": "3s", "search_path": '"a b", public', "application_name": r"back\slash"}
        shown = "SELECT current_setting('statement_timeout'), current_setting('search_path')"
        assert host.run(PostgresOperator(task_id="t", sql=shown, runtime_parameters=settings)) == [
            ["3s", '"a b", public']
        ]

    def test_hook_params_win_over_them(self, host, shop):
        task = PostgresOperator(
            task_id="t",
            sql="SHOW statement_timeout",
            runtime_parameters={"statement_timeout": "3s"},
            hook_params={"options": "-c statement_timeout=4s"},
        )
        assert host.run(task) == [["4s"]]

    def test_another_connection_and_database(self, host, shop, database):
        host.add_connection(database.replace(conn_id="other"))
        task = PostgresOperator(
            task_id="t", postgres_conn_id="other", sql="SELECT current_database()", database="postgres"
        )
        assert (task.conn_id, host.run(task)) == ("other", [["postgres"]])

    def test_the_server_knows_the_task(self, host, shop):
        assert run(host, SQLExecuteQueryOperator, sql="SHOW application_name") == [["adhoc_tradewind.t"]]


class TestChecks:
    def test_columns_of_unlike_types_in_one_query(self, host, shop):
        shop.run("DROP TABLE IF EXISTS typed; CREATE TABLE typed (price NUMERIC, at DATE, good BOOLEAN)")
        shop.run("INSERT INTO typed VALUES (9.5, '2021-01-01', true), (10.5, '2021-01-02', false)")
        mapping = {
            "price": {"max": {"equal_to": 10, "tolerance": 0.1}, "min": {"greater_than": 9}},
            "at": {"null_check": {"equal_to": 0}, "distinct_check": {"equal_to": 2}},
            "good": {"unique_check": {"equal_to": 0}},
        }
        task = SQLColumnCheckOperator(
            task_id="t", conn_id="postgres_default", table="typed", column_mapping=mapping, partition_clause="price > 0"
        )
        found = task.execute({})
        assert (float(found["price"]["max"]), found["at"]["distinct_check"]) == (10.5, 2)
        with pytest.raises(TradewindException, match=r"'good_ones' \(good\) is false in 1 of 2 rows"):
            run(host, SQLTableCheckOperator, table="typed", checks={"good_ones": {"check_statement": "good"}})
        run(host, SQLTableCheckOperator, table="typed", checks={"sum": {"check_statement": "sum(price) = 20"}})

    def test_numbers_of_the_server_are_compared(self, host, shop):
        run(host, SQLValueCheckOperator, sql="SELECT avg(visitors), 11::numeric FROM visits", pass_value=11)
        run(host, SQLThresholdCheckOperator, sql="SELECT 1.5::numeric", min_threshold="SELECT 1.5", max_threshold=2)
        with pytest.raises(TradewindException, match="found Decimal"):
            run(host, SQLThresholdCheckOperator, sql="SELECT 1.5::numeric", min_threshold=2, max_threshold=3)

    @pytest.mark.parametrize("kind", ["dictcursor", "realdictcursor"])
    def test_rows_may_be_mappings(self, host, shop, database, kind):
        host.add_connection(database.replace(extra={"cursor": kind}))
        run(host, SQLValueCheckOperator, sql="SELECT 1 AS a, 1 AS b", pass_value=1)
        host.run(SqlSensor(task_id="s", conn_id="postgres_default", sql="SELECT true AS it_is", timeout=0))


def test_a_branch_follows_a_truth(host, shop):
    class Instance:
        skip_downstream = list

    branch = {"follow_task_ids_if_true": [], "follow_task_ids_if_false": ["other"]}
    task = BranchSQLOperator(task_id="t", conn_id="postgres_default", sql="SELECT 2 > 1", **branch)
    assert host.run(task, ti=Instance()) == []


def test_rows_are_copied_within_a_database(host, shop):
    task = GenericTransfer(
        task_id="t",
        source_conn_id="postgres_default",
        destination_conn_id="postgres_default",
        sql="SELECT n::text, n FROM generate_series(1, 2500) AS n",
        preoperator="TRUNCATE visits",
        destination_table="visits",
        insert_args={"target_fields": ["day", "visitors"], "replace": True, "replace_index": "day"},
        batch_rows=500,
    )
    assert host.run(task) == 2500
    assert shop.get_first("SELECT count(*), sum(visitors) FROM visits") == (2500, 3126250)

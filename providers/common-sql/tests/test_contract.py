"""The provider keeps the contracts, on whichever host the kit runs."""

from __future__ import annotations

import sqlite3

import pytest
from tradewind_common_sql.operators.generic_transfer import GenericTransfer
from tradewind_common_sql.operators.insert_rows import SQLInsertRowsOperator
from tradewind_common_sql.operators.sql import (
    BranchSQLOperator,
    SQLCheckOperator,
    SQLColumnCheckOperator,
    SQLExecuteQueryOperator,
    SQLIntervalCheckOperator,
    SQLTableCheckOperator,
    SQLThresholdCheckOperator,
    SQLValueCheckOperator,
)
from tradewind_common_sql.sensors.sql import SqlSensor
from tradewind_common_sql.triggers.sql import SqlSensorTrigger
from tradewind_testing import OperatorSuite, ProviderSuite, SensorSuite, TriggerSuite

COUNT = "SELECT count(*) FROM visits WHERE day = '2021-01-01'"


class TestProvider(ProviderSuite):
    distribution = "tradewind-common-sql"
    most_modules = 60  # of asyncio, which the trigger needs; test_sensor.py sees to it that the sensor does not


class OnShop:
    """Asks the table of visits."""

    @pytest.fixture
    def prepared(self, shop):
        self.shop = shop
        self.path = shop.get_connection("shop").host

    def check(self, result, host):
        """Nothing is returned, or nothing of interest."""


@pytest.mark.backed_by("real", "SQLite")
class TestExecute(OnShop, OperatorSuite):
    operator = SQLExecuteQueryOperator
    arguments = {"conn_id": "shop", "sql": ["DELETE FROM visits WHERE day <> '{{ ds }}'", COUNT]}

    def check(self, result, host):
        assert [list(row) for row in result] == [[2]]
        assert len(self.shop.get_records("SELECT * FROM visits")) == 2


@pytest.mark.backed_by("real", "SQLite")
class TestCheck(OnShop, OperatorSuite):
    operator = SQLCheckOperator
    arguments = {"conn_id": "shop", "sql": COUNT}


@pytest.mark.backed_by("real", "SQLite")
class TestValueCheck(OnShop, OperatorSuite):
    operator = SQLValueCheckOperator
    arguments = {"conn_id": "shop", "sql": COUNT, "pass_value": 2}


@pytest.mark.backed_by("real", "SQLite")
class TestThresholdCheck(OnShop, OperatorSuite):
    operator = SQLThresholdCheckOperator
    arguments = {"conn_id": "shop", "sql": COUNT, "min_threshold": 1, "max_threshold": "SELECT 3"}


@pytest.mark.backed_by("real", "SQLite")
class TestColumnCheck(OnShop, OperatorSuite):
    operator = SQLColumnCheckOperator
    arguments = {"conn_id": "shop", "table": "visits", "column_mapping": {"visitors": {"max": {"equal_to": 12}}}}

    def check(self, result, host):
        assert result == {"visitors": {"max": 12}}


@pytest.mark.backed_by("real", "SQLite")
class TestTableCheck(OnShop, OperatorSuite):
    operator = SQLTableCheckOperator
    arguments = {"conn_id": "shop", "table": "visits", "checks": {"some": {"check_statement": "COUNT(*) > 0"}}}


@pytest.mark.backed_by("real", "SQLite")
class TestIntervalCheck(OnShop, OperatorSuite):
    operator = SQLIntervalCheckOperator
    arguments = {
        "conn_id": "shop",
        "table": "visits",
        "metrics_thresholds": {"COUNT(*)": 3},
        "date_filter_column": "day",
    }
    gaps = {
        "test_templated_fields_are_arguments": "its two queries are made of its arguments",
        "test_an_unknown_connection_is_named": "the templates of the kit have no macros; test_checks.py runs it",
        "test_it_runs": "the templates of the kit have no macros; test_checks.py runs it",
    }


@pytest.mark.backed_by("real", "SQLite")
class TestBranch(OnShop, OperatorSuite):
    operator = BranchSQLOperator
    arguments = {
        "conn_id": "shop",
        "sql": COUNT,
        "follow_task_ids_if_true": "yes",
        "follow_task_ids_if_false": "no",
    }
    gaps = {"test_it_runs": "the tasks of the kit are in no DAG, so nothing follows them; test_branch.py runs it"}


@pytest.mark.backed_by("real", "SQLite")
class TestTransfer(OnShop, OperatorSuite):
    operator = GenericTransfer
    arguments = {
        "source_conn_id": "shop",
        "destination_conn_id": "shop",
        "sql": "SELECT '{{ ds }}', sum(visitors), 'all' FROM visits",
        "destination_table": "visits",
    }

    def check(self, result, host):
        assert result == 1
        assert self.shop.get_first("SELECT visitors FROM visits WHERE colour = 'all'") == (30,)


@pytest.mark.backed_by("real", "SQLite")
class TestInsertRows(OnShop, OperatorSuite):
    operator = SQLInsertRowsOperator
    arguments = {"conn_id": "shop", "table_name": "visits", "rows": [["{{ ds }}", 1, "red"]]}

    def check(self, result, host):
        assert result == 1
        assert self.shop.get_first("SELECT day FROM visits WHERE visitors = 1") == ("2021-01-01",)


class Late(OnShop):
    """Waits for a visit of the year after."""

    def make_true(self):
        with sqlite3.connect(self.path) as conn:
            conn.execute("INSERT INTO visits VALUES ('2022-01-01', 1, 'red')")
        conn.close()


LATER = "SELECT count(*) FROM visits WHERE day = ?"


@pytest.mark.backed_by("real", "SQLite")
class TestSensor(Late, SensorSuite):
    operator = SqlSensor
    arguments = {"conn_id": "shop", "sql": LATER, "parameters": ["2022-01-01"]}
    deferrable = True


@pytest.mark.backed_by("real", "SQLite")
class TestTrigger(Late, TriggerSuite):
    trigger = SqlSensorTrigger
    arguments = {"conn_id": "shop", "sql": LATER, "parameters": ["2022-01-01"], "poke_interval": 0.01}

    def check(self, event):
        assert event.payload == {"is_true": True}

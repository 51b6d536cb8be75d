"""The provider keeps the contracts, on whichever host the kit runs."""

from __future__ import annotations

import pytest
from tradewind_plugins.connection import Connection
from tradewind_sqlite.hooks.sqlite import SqliteHook
from tradewind_sqlite.operators.sqlite import SqliteOperator
from tradewind_testing import HookSuite, OperatorSuite, ProviderSuite


class TestProvider(ProviderSuite):
    distribution = "tradewind-sqlite"


@pytest.mark.backed_by("real", "SQLite")
class TestSqliteHook(HookSuite):
    hook = SqliteHook
    gaps = {
        "test_a_host_that_cannot_be_reached_is_named": "a file has no host; test_hook.py has one that cannot be opened",
        "test_a_refused_login_is_named": "SQLite has no logins",
        "test_a_cut_connection_is_named_and_a_retry_succeeds": "there is no network between it and its file",
        "test_silence_ends_with_the_time_out_and_a_retry_succeeds": "there is no network between it and its file",
    }

    @pytest.fixture
    def connection(self, tmp_path):
        return Connection(conn_id="kit_sqlite", conn_type="sqlite", host=str(tmp_path / "kit.db"))

    def use(self, hook):
        assert hook.get_first("SELECT 1")[0] == 1


@pytest.mark.backed_by("real", "SQLite")
class TestSqliteOperator(OperatorSuite):
    operator = SqliteOperator
    arguments = {"sql": "CREATE TABLE {{ task.task_id }} (a); SELECT 1, '{{ ds }}'"}

    @pytest.fixture
    def prepared(self, host, tmp_path):
        path = str(tmp_path / "kit.db")
        host.add_connection(Connection(conn_id="sqlite_default", conn_type="sqlite", host=path))

    def check(self, result, host):
        assert [list(row) for row in result] == [[1, "2021-01-01"]]
        assert SqliteHook().get_records("SELECT name FROM sqlite_master") == [("kit",)]

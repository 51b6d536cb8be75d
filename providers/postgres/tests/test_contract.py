"""The provider keeps the contracts, on whichever host the kit runs."""

from __future__ import annotations

import pytest
from tradewind_postgres.hooks.postgres import PostgresHook
from tradewind_postgres.operators.postgres import PostgresOperator
from tradewind_testing import HookSuite, OperatorSuite, ProviderSuite

# In this database, as others may be tested on the same server
SLEEPERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(%' AND state = 'active'"
    " AND pid <> pg_backend_pid() AND datname = current_database()"
)


class TestProvider(ProviderSuite):
    distribution = "tradewind-postgres"


@pytest.mark.backed_by("real", "PostgreSQL")
class TestPostgresHook(HookSuite):
    hook = PostgresHook

    @pytest.fixture
    def connection(self, database):
        # The server of the tests trusts whoever comes, so the password is there only to be hidden
        return database.replace(conn_id="kit_postgres", password="a secret")

    def use(self, hook):
        assert hook.get_first("SELECT 1") == (1,)

    def refused(self, connection):
        return connection.replace(login="nobody_at_all")

    def impatient(self, connection):
        return connection.replace(extra='{"connect_timeout": 1}')


@pytest.mark.backed_by("real", "PostgreSQL")
class TestPostgresOperator(OperatorSuite):
    operator = PostgresOperator
    arguments = {
        "sql": ["DELETE FROM visits WHERE day <> %(day)s", "SELECT visitors, %(day)s FROM visits"],
        "parameters": {"day": "{{ ds }}"},
    }
    busy = {"sql": "SELECT pg_sleep(600)"}

    @pytest.fixture
    def prepared(self, shop):
        self.shop = shop

    def check(self, result, host):
        assert [list(row) for row in result] == [[12, "2021-01-01"]]

    def is_at_work(self):
        return self.shop.get_first(SLEEPERS)[0] == 1

    def left_behind(self):
        return [each for each in self.shop.get_first(SLEEPERS) if each]

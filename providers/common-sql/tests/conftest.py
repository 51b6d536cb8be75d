from __future__ import annotations

import pytest
from tradewind_plugins.connection import Connection
from tradewind_sqlite.hooks.sqlite import SqliteHook


@pytest.fixture
def add_file(host, tmp_path):
    """Make a connection to a new file and return its hook."""

    def add(conn_id):
        host.add_connection(Connection(conn_id=conn_id, conn_type="sqlite", host=str(tmp_path / (conn_id + ".db"))))
        return SqliteHook(conn_id)

    return add


@pytest.fixture
def shop(add_file):
    """The hook of a database with a table of visits: days, visitors, and a colour that may be missing."""
    hook = add_file("shop")
    hook.run("CREATE TABLE visits (day TEXT, visitors INTEGER, colour TEXT)")
    hook.insert_rows(
        "visits",
        [("2020-12-25", 10, "red"), ("2020-12-31", 0, None), ("2021-01-01", 12, "red"), ("2021-01-01", 8, "blue")],
    )
    return hook

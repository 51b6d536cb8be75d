from __future__ import annotations

import pytest
from tradewind_plugins.connection import Connection
from tradewind_sqlite.hooks.sqlite import SqliteHook


def add_file(host, conn_id, path):
    host.add_connection(Connection(conn_id=conn_id, conn_type="sqlite", host=str(path)))
    return SqliteHook(conn_id)


@pytest.fixture
def shop(host, tmp_path):
    """The hook of a database with a table of visits: days, visitors, and a colour that may be missing."""
    hook = add_file(host, "shop", tmp_path / "shop.db")
    hook.run("CREATE TABLE visits (day TEXT, visitors INTEGER, colour TEXT)")
    hook.insert_rows(
        "visits",
        [("2020-12-25", 10, "red"), ("2020-12-31", 0, None), ("2021-01-01", 12, "red"), ("2021-01-01", 8, "blue")],
    )
    return hook

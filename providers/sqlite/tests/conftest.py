from __future__ import annotations

import pytest
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindNotFoundException
from tradewind_plugins.host import Host, bind


class FileHost(Host):
    """A host whose only connection is the database file of the test."""

    def __init__(self, path):
        self.connections = {"sqlite_default": Connection(conn_id="sqlite_default", conn_type="sqlite", host=str(path))}

    def connection(self, conn_id):
        try:
            return self.connections[conn_id]
        except KeyError:
            raise TradewindNotFoundException(f"there is no connection {conn_id!r}") from None

    def extend(self, conn_id="sqlite_default", **changes):
        self.connections[conn_id] = self.connections["sqlite_default"].replace(conn_id=conn_id, **changes)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a folder" / "shop.db"


@pytest.fixture
def host(path):
    path.parent.mkdir()
    with bind(FileHost(path)) as bound:
        yield bound

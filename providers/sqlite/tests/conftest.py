from __future__ import annotations

import pytest
from tradewind_plugins.connection import Connection


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a folder" / "shop.db"


@pytest.fixture
def shop(host, path):
    """The connection `sqlite_default` to the file of the test."""
    path.parent.mkdir()
    return host.add_connection(Connection(conn_id="sqlite_default", conn_type="sqlite", host=str(path)))


@pytest.fixture
def extend(host, shop):
    """Make a connection like `sqlite_default` with changes."""
    return lambda conn_id="sqlite_default", **changes: host.add_connection(shop.replace(conn_id=conn_id, **changes))

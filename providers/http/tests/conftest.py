from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindNotFoundException
from tradewind_plugins.host import Host, bind

sys.path.insert(0, str(Path(__file__).parent))  # for the server, which these tests alone use

import web_server


class Desk(Host):
    """A host with connections that remembers what it was asked to mask."""

    def __init__(self):
        self.connections = {}
        self.masked = set()

    def connection(self, conn_id):
        try:
            return self.connections[conn_id]
        except KeyError:
            raise TradewindNotFoundException(f"there is no connection {conn_id!r}") from None

    def mask(self, secret):
        self.masked.add(secret)

    def add(self, conn_id="http_default", **fields):
        self.connections[conn_id] = Connection(conn_id=conn_id, conn_type="http", **fields)


@pytest.fixture
def web():
    with web_server.serving() as running:
        yield running


@pytest.fixture
def desk(web):
    host = Desk()
    host.add(host="127.0.0.1", port=web.port)
    with bind(host):
        yield host


@pytest.fixture
def follow(desk):
    return web_server.followed

import json
import threading

import pytest
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import HostNotBound, TradewindException, TradewindNotFoundException
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.host import Host, bind, current
from tradewind_plugins.variable import Variable


class MemoryHost(Host):
    def __init__(self):
        self.variables = {}
        self.connections = {}
        self.masked = []

    def connection(self, conn_id):
        try:
            return self.connections[conn_id]
        except KeyError:
            raise TradewindNotFoundException(f"there is no connection {conn_id!r}") from None

    def variable(self, key):
        return self.variables.get(key)

    def set_variable(self, key, value, description=None):
        self.variables[key] = value

    def mask(self, secret):
        self.masked.append(secret)


@pytest.fixture
def host():
    with bind(MemoryHost()) as bound:
        yield bound


def test_without_a_host_the_error_says_where_it_would_work():
    with pytest.raises(HostNotBound, match="in a task"):
        Variable.get("x")


def test_binding_ends_with_its_block_and_may_nest(host):
    inner = MemoryHost()
    with bind(inner):
        assert current() is inner
    assert current() is host


def test_a_new_thread_has_no_host(host):
    seen = []

    def look():
        try:
            current()
        except HostNotBound:
            seen.append("none")

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == ["none"]


def test_what_a_host_lacks_is_refused_by_name(host):
    with pytest.raises(TradewindException, match="the host MemoryHost does not offer XCom"):
        current().xcom_pull("t")


def test_variables_have_airflows_semantics(host):
    Variable.set("n", 5)
    Variable.set("j", {"a": 1}, serialize_json=True)
    assert Variable.get("n") == "5"
    assert Variable.get("j", deserialize_json=True) == {"a": 1}
    assert json.loads(host.variables["j"]) == {"a": 1}
    assert Variable.get("gone", default_var=None) is None
    assert Variable.get("gone", default_var={"d": 1}, deserialize_json=True) == {"d": 1}
    with pytest.raises(KeyError, match="Variable gone does not exist"):
        Variable.get("gone")


def test_a_hook_reads_its_connection_through_the_host_and_masks_the_password(host):
    host.connections["c"] = Connection(conn_id="c", password="s3cret")
    assert BaseHook.get_connection("c") is Connection.get("c")
    assert host.masked == ["s3cret"]
    with pytest.raises(TradewindNotFoundException, match="no connection 'd'"):
        Connection.get("d")

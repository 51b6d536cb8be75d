"""The suite of hooks: clients of a connection."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import ConnectionFailed, TradewindNotFoundException
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.host import Host, bind

from tradewind_testing import installed
from tradewind_testing.faults import FaultProxy, closed_port
from tradewind_testing.kit_host import KitHost
from tradewind_testing.suites.suite import Suite, offline, only_if

__all__ = ["HookSuite"]

_AWKWARD = "p@ss:w/rd?#&=% ü"


class HookSuite(Suite):
    """A hook finds its connection, hides its secrets, names what fails, and works again when the trouble is over.

    To be given: `hook`, the fixture `connection`, and `use`.
    """

    hook: ClassVar[type[BaseHook]]
    """The class."""
    arguments: ClassVar[Mapping[str, Any]] = {}
    """What its constructor needs beside the connection's id."""
    speaks_http: ClassVar[bool] = False
    """Whether its service may answer with HTTP's 429."""

    @pytest.fixture
    def connection(self) -> Connection:
        """A connection that works, to a service that runs. To be given."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture `connection`")

    def use(self, hook: Any) -> None:
        """Call something cheap that reaches the service. To be given."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `use`")

    def address(self, connection: Connection) -> tuple[str, int]:
        """Return where the service of a connection is."""
        assert connection.host, "the connection has no host: override `address` and `at`"
        assert connection.port, "the connection has no port: override `address` and `at`"
        return connection.host, connection.port

    def at(self, connection: Connection, host: str, port: int) -> Connection:
        """Return the same connection, led elsewhere."""
        return connection.replace(host=host, port=port)

    def refused(self, connection: Connection) -> Connection:
        """Return the same connection with a login that the service refuses."""
        return connection.replace(password="not the password")

    def impatient(self, connection: Connection) -> Connection:
        """Return the same connection with time-outs of about a second."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `impatient`, or gaps that say why not")

    def secrets(self, connection: Connection) -> list[str]:
        """Return what must appear nowhere: the password, and the extra's fields that the form has as secrets."""
        extra = connection.extra_dejson
        hidden = [extra[each.name] for each in self.declared().fields if each.secret and each.name in extra]
        return [str(each) for each in (connection.password, *hidden) if each]

    def declared(self) -> Any:
        """Return the declaration of the hook's connection type."""
        for _, module in installed.entry_points("tradewind"):
            for each in getattr(installed.load(module), "tradewind_connection_types", tuple)():
                if each.name == self.hook.conn_type:
                    return each
        raise AssertionError(f"no plugin module declares the connection type {self.hook.conn_type!r}")

    def make(self, conn_id: str) -> Any:
        """Return the hook of a connection."""
        return self.hook(**{self.hook.conn_name_attr: conn_id}, **self.arguments)

    def impatiently(self, host: KitHost, connection: Connection, proxy: FaultProxy) -> Any:
        """Return a hook that reaches the service through a proxy, and gives up soon."""
        led = self.at(self.impatient(connection), proxy.host, proxy.port)
        return self.make(host.add_connection(led).conn_id)

    @offline
    def test_making_it_asks_for_nothing(self) -> None:
        with bind(Host()):
            assert self.make("nobody_knows").connection_id == "nobody_knows"

    @offline
    def test_without_an_id_it_has_a_default(self) -> None:
        assert self.hook.default_conn_name
        assert self.hook(**self.arguments).connection_id == self.hook.default_conn_name

    @offline
    def test_an_unknown_connection_is_named(self, host: KitHost) -> None:
        with pytest.raises(TradewindNotFoundException, match="nobody_knows"):
            self.use(self.make("nobody_knows"))

    @offline
    def test_its_connection_type_leads_to_it(self, host: KitHost) -> None:
        assert self.hook.conn_type
        assert self.hook.hook_name
        assert issubclass(self.hook, host.hook_class(self.hook.conn_type))
        assert self.declared().label

    @offline
    def test_a_connection_survives_as_uri_and_as_json(self) -> None:
        extra = {each.name: _AWKWARD for each in self.declared().fields if each.name not in _FIELDS} or {
            "key": _AWKWARD
        }
        whole = Connection(
            conn_id="c",
            conn_type=self.hook.conn_type,
            host="h.example",
            login=_AWKWARD,
            password=_AWKWARD,
            schema=_AWKWARD,
            port=1,
            extra=json.dumps(extra),
        )
        for again in (Connection.from_uri(whole.get_uri(), "c"), Connection.from_json(whole.as_json(), "c")):
            assert again.replace(extra=whole.extra) == whole
            assert again.extra_dejson == extra

    def test_it_works(self, host: KitHost, connection: Connection) -> None:
        self.use(self.make(host.add_connection(connection).conn_id))

    def test_a_working_connection_is_told_as_working(self, host: KitHost, connection: Connection) -> None:
        works, sentence = self.make(host.add_connection(connection).conn_id).test_connection()
        assert works, sentence
        assert sentence

    def test_secrets_are_masked_and_stand_in_no_repr_and_no_log(
        self, host: KitHost, connection: Connection, caplog: Any
    ) -> None:
        caplog.set_level(0)
        hook = self.make(host.add_connection(connection).conn_id)
        self.use(hook)
        shown = f"{hook!r} {hook} {connection!r} {caplog.text}"
        for secret in self.secrets(connection):
            assert secret not in shown
            assert secret in host.masked or not host.can_mask

    def test_a_host_that_cannot_be_reached_is_named(self, host: KitHost, connection: Connection) -> None:
        nowhere = self.at(connection, "127.0.0.1", closed_port())
        hook = self.make(host.add_connection(nowhere).conn_id)
        self.fails(hook, nowhere)
        works, sentence = hook.test_connection()
        assert not works
        assert sentence

    def test_a_refused_login_is_named(self, host: KitHost, connection: Connection) -> None:
        wrong = host.add_connection(self.refused(connection))
        self.fails(self.make(wrong.conn_id), wrong)

    def test_a_cut_connection_is_named_and_a_retry_succeeds(
        self, host: KitHost, connection: Connection, faults: Callable[[str, int], FaultProxy]
    ) -> None:
        proxy = faults(*self.address(connection))
        hook = self.impatiently(host, connection, proxy)
        self.use(hook)
        proxy.mode = "refuse"
        self.fails(hook, connection)
        proxy.mode = "pass"
        self.use(hook)

    def test_silence_ends_with_the_time_out_and_a_retry_succeeds(
        self, host: KitHost, connection: Connection, faults: Callable[[str, int], FaultProxy]
    ) -> None:
        proxy = faults(*self.address(connection))
        hook = self.impatiently(host, connection, proxy)
        proxy.mode = "silent"
        self.fails(hook, connection)
        proxy.mode = "pass"
        proxy.cut()
        self.use(hook)

    @only_if("speaks_http")
    def test_throttling_is_named_and_a_retry_succeeds(
        self, host: KitHost, connection: Connection, faults: Callable[[str, int], FaultProxy]
    ) -> None:
        proxy = faults(*self.address(connection))
        hook = self.impatiently(host, connection, proxy)
        proxy.mode = "throttle"
        self.fails(hook, connection)
        proxy.mode = "pass"
        self.use(hook)

    def fails(self, hook: Any, connection: Connection) -> None:
        """Check that using the hook fails with an error that names the connection, and has no secret in it."""
        with pytest.raises(ConnectionFailed) as failed:
            self.use(hook)
        assert repr(connection.conn_id) in str(failed.value)
        for secret in self.secrets(connection):
            assert secret not in str(failed.value)


_FIELDS = frozenset(["host", "login", "password", "schema", "port"])

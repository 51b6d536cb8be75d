"""The provider keeps the contracts, on whichever host the kit runs."""

from __future__ import annotations

import pytest
from tradewind_http.hooks.http import HttpHook
from tradewind_http.operators.http import HttpOperator, SimpleHttpOperator
from tradewind_http.sensors.http import HttpSensor
from tradewind_http.triggers.http import HttpSensorTrigger, HttpTrigger
from tradewind_plugins.connection import Connection
from tradewind_testing import HookSuite, OperatorSuite, ProviderSuite, SensorSuite, TriggerSuite


class TestProvider(ProviderSuite):
    distribution = "tradewind-http"


@pytest.mark.backed_by("real", "a web server of Python's")
class TestHttpHook(HookSuite):
    hook = HttpHook
    arguments = {"method": "GET"}
    speaks_http = True

    @pytest.fixture
    def connection(self, web):
        def door(asked):
            lets_in = "Authorization" in asked.headers and asked.login == "kit:the password"
            return (200, {}, "in") if lets_in else (401, {}, "out")

        web.answer("/", door)
        return Connection(
            conn_id="kit_http",
            conn_type="http",
            host="127.0.0.1",
            port=web.port,
            login="kit",
            password="the password",
            extra={"headers": {"X-Api-Key": "the key"}},
        )

    def use(self, hook):
        assert hook.run("/").text == "in"

    def impatient(self, connection):
        return connection.replace(extra={"headers": {"X-Api-Key": "the key"}, "timeout": 0.5})

    def secrets(self, connection):
        return ["the password", "the key"]


class Asking:
    """What the suites of this provider share: the connection, and a server that answers."""

    @pytest.fixture
    def prepared(self, host, web):
        self.web = web
        web.answer("/report", (404, {}, "not yet"))
        host.add_connection(Connection(conn_id="http_default", conn_type="http", host="127.0.0.1", port=web.port))

    def make_true(self):
        self.web.answer("/report", (200, {}, "done"))


@pytest.mark.backed_by("real", "a web server of Python's")
class TestHttpOperator(OperatorSuite):
    operator = HttpOperator
    arguments = {"endpoint": "echo", "data": "{{ ds }}", "response_filter": lambda response: response.json()["body"]}
    deferrable = True

    @pytest.fixture
    def prepared(self, host, web):
        host.add_connection(Connection(conn_id="http_default", conn_type="http", host="127.0.0.1", port=web.port))

    def check(self, result, host):
        assert result == "2021-01-01"


class TestSimpleHttpOperator(TestHttpOperator):
    operator = SimpleHttpOperator


@pytest.mark.backed_by("real", "a web server of Python's")
class TestHttpSensor(Asking, SensorSuite):
    operator = HttpSensor
    arguments = {"endpoint": "report"}
    deferrable = True


@pytest.mark.backed_by("real", "a web server of Python's")
class TestHttpSensorTrigger(Asking, TriggerSuite):
    trigger = HttpSensorTrigger
    arguments = {"endpoint": "report", "poke_interval": 0.05}

    def check(self, event):
        assert event.payload is True


@pytest.mark.backed_by("real", "a web server of Python's")
class TestHttpTrigger(Asking, TriggerSuite):
    trigger = HttpTrigger
    arguments = {
        "endpoint": "report",
        "method": "GET",
        "retry_args": {"statuses": [404], "attempts": 1000, "wait": 0.05, "max_wait": 0.05},
    }

    def check(self, event):
        assert event.payload["status"] == "success"
        assert event.payload["response"]["status_code"] == 200

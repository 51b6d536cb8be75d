"""A part that implements nothing of its contract says so by name; values of contracts are values."""

from __future__ import annotations

import pytest
from tradewind_plugins.contracts.codec import JsonCodec
from tradewind_plugins.contracts.executor import Capacity, Executor, ExecutorSetup, Submission, Ticket
from tradewind_plugins.contracts.log_store import LogStore
from tradewind_plugins.contracts.metrics import Metric, MetricsBatch, MetricsExporter, MetricsSetup, Series
from tradewind_plugins.contracts.secrets_backend import SecretsBackend
from tradewind_plugins.contracts.xcom_storage import XComStorage


@pytest.mark.parametrize(
    ("contract", "method", "arguments"),
    [
        (Executor, "submit", [[]]),
        (Executor, "cancel", [[]]),
        (Executor, "list_alive", []),
        (Executor, "capacity", []),
        (LogStore, "put_chunk", ["k", 0, b""]),
        (LogStore, "seal", ["k"]),
        (LogStore, "read", ["k"]),
        (LogStore, "delete", ["k"]),
        (XComStorage, "put", ["k", b""]),
        (XComStorage, "get", ["k"]),
        (XComStorage, "delete", ["k"]),
        (XComStorage, "references", []),
        (MetricsExporter, "emit", [MetricsBatch(started_at=0.0, at=1.0, series=())]),
        (JsonCodec, "encode", [None]),
        (JsonCodec, "decode", [b""]),
    ],
)
def test_what_is_not_implemented_is_named(contract, method, arguments):
    class Half(contract):
        pass

    with pytest.raises(NotImplementedError, match=f"Half does not implement {method}"):
        getattr(Half(), method)(*arguments)


def test_a_backend_that_has_nothing_lets_the_next_one_be_asked():
    backend = SecretsBackend()
    assert backend.get_connection("c") is backend.get_variable("v") is backend.get_config("k") is None


def test_tickets_are_values_that_travel():
    ticket = Ticket(instance=1, token=2, options={"memory": "1G"})
    assert Ticket(**ticket.to_dict()) == ticket
    assert len({Submission(ticket=ticket, accepted=True), Submission(ticket=ticket, accepted=True)}) == 1
    assert Capacity(free=None).total is None


def test_what_an_executor_or_a_log_store_may_leave_out():
    class Small(LogStore):
        def read(self, key, offset=0, limit=None):
            return b"four"[offset:]

    setup = ExecutorSetup(name="mine", home="h", slots=1, environ={"TOKEN": "hidden"})
    made = Executor.open(setup)
    assert (type(made), made.start(), made.stop(), made.hurry(), made.observe()) == (Executor, None, None, None, ())
    assert "hidden" not in repr(setup)
    assert len({setup, ExecutorSetup(**setup.to_dict())}) == 1
    assert (Small().size("k"), Small().close()) == (4, None)


def test_what_an_exporter_may_leave_out_and_what_it_is_given():
    metric = Metric(name="a.b", kind="counter", unit="s", summary="A sentence.", labels=("x",))
    series = [Series(metric=metric, labels={"x": "1"}, value=2.0) for _ in range(2)]
    setup = MetricsSetup(process="worker", host="h", pid=1, version="1", settings={"token": "hidden"})
    exporter = MetricsExporter.open(setup)
    assert (type(exporter), exporter.close()) == (MetricsExporter, None)
    assert "hidden" not in repr(setup)
    assert len({setup, MetricsSetup(**setup.to_dict())}) == len(set(series)) == 1


@pytest.mark.parametrize("contract", [Executor, JsonCodec, LogStore, MetricsExporter, SecretsBackend, XComStorage])
def test_a_contract_that_is_not_proved_twice_is_below_1(contract):
    assert contract.contract_version.startswith("0.")

"""What gathers and sends: receivers that are dead, slow or broken hold up nobody, and the good neighbour gets all."""

from __future__ import annotations

import json
import logging
import os
import threading

import pytest
from tradewind.config import ConfigError, load
from tradewind.metrics import catalogue as known
from tradewind.metrics.couriers import MOST_WAITING, Courier
from tradewind.metrics.meter import Meter
from tradewind.metrics.recording import count, is_on
from tradewind.metrics.reporting import NotReporting, Reporting, check_exporters, start_reporting
from tradewind.metrics.selecting import Selection
from tradewind_plugins.contracts.metrics import MetricsExporter
from tradewind_plugins.exceptions import TradewindConfigException


def config(tmp_path, **metrics):
    return load(tmp_path, {}, {("metrics", key): value for key, value in metrics.items()}).config


def test_without_exporters_nothing_is_started(tmp_path):
    before = set(threading.enumerate())
    reporting = start_reporting(config(tmp_path), "scheduler")
    assert isinstance(reporting, NotReporting)
    assert set(threading.enumerate()) <= before
    assert not is_on()
    reporting.close()


def test_a_receiver_that_hangs_and_one_that_is_dead_hold_up_nobody(tmp_path, statsd, collector):
    collector.go_on.clear()
    settings = config(
        tmp_path,
        exporters=("otlp", "statsd"),
        interval=0.05,
        otlp_endpoint=collector.url,
        statsd_host="127.0.0.1",
        statsd_port=statsd.port,
    )
    reporting = start_reporting(settings, "worker")
    assert is_on()
    count(known.WORKER_HEARTBEAT)
    collector.body()  # it has begun to hang
    statsd.until("tradewind.worker.heartbeat")
    lines = statsd.until("tradewind.metrics.batches_lost.otlp")
    assert {line.value for line in lines if line.name == "tradewind.metrics.batches_lost.otlp"}
    count(known.WORKER_HEARTBEAT, 5)
    reporting.close()
    last = statsd.until("tradewind.worker.heartbeat")
    assert [line.value for line in last if line.name == "tradewind.worker.heartbeat"] == [5], "the last batch is sent"
    assert not is_on()


class Failing(MetricsExporter):
    """Fails until it is mended."""

    def __init__(self):
        self.is_mended = False
        self.batches = []
        self.tried = threading.Semaphore(0)

    def emit(self, batch):
        if self.is_mended:
            self.batches.append(batch)
        self.tried.release()
        if not self.is_mended:
            raise OSError("no route")

    def close(self):
        raise OSError("twice")


def test_an_exporter_that_fails_is_told_of_once_and_again_when_it_works(caplog):
    caplog.set_level(logging.INFO)
    exporter, lost = Failing(), []
    courier = Courier("mine", exporter, lost.append)
    meter = Meter(Selection())
    for _ in range(3):
        courier.offer(meter.batch())
        assert exporter.tried.acquire(timeout=10)
    exporter.is_mended = True
    courier.offer(meter.batch())
    courier.end()
    assert courier.join(10)
    told = [record.getMessage() for record in caplog.records]
    # Couriers of other tests may still be at work
    assert [text for text in told if "'mine'" in text] == [
        "the metrics exporter 'mine' fails, and is tried again with each batch: OSError: no route",
        "the metrics exporter 'mine' works again",
        "the metrics exporter 'mine' could not be closed: OSError: twice",
    ]
    assert lost == ["mine"] * 3
    assert len(exporter.batches) == 1


class Stuck(MetricsExporter):
    """Hangs in its first batch."""

    def __init__(self):
        self.begun = threading.Event()
        self.let_go = threading.Event()

    def emit(self, batch):
        self.begun.set()
        self.let_go.wait()


def test_a_row_of_batches_is_bounded_and_the_end_does_not_wait_for_ever(caplog):
    exporter, lost = Stuck(), []
    meter = Meter(Selection())
    courier = Courier("stuck", exporter, lost.append)
    courier.offer(meter.batch())
    assert exporter.begun.wait(10)
    for _ in range(MOST_WAITING + 2):
        courier.offer(meter.batch())
    assert lost == ["stuck"] * 2
    reporting = Reporting(meter, [courier], 3600)
    reporting.close()
    assert "1 metrics exporters did not end in time" in caplog.text
    exporter.let_go.set()


def test_lines_that_warn_are_counted(tmp_path, statsd):
    settings = config(tmp_path, exporters=("statsd",), statsd_host="127.0.0.1", statsd_port=statsd.port)
    reporting = start_reporting(settings, "scheduler")
    logging.getLogger("beside").warning("something")
    logging.getLogger("beside").info("nothing")
    reporting.close()
    found = {line.name: line.value for line in statsd.packet()}
    assert found == {"tradewind.log.messages.WARNING": 1}


def test_a_forked_child_counts_for_nobody(tmp_path, statsd):
    settings = config(tmp_path, exporters=("statsd",), statsd_host="127.0.0.1", statsd_port=statsd.port)
    reporting = start_reporting(settings, "dag-processor")
    child = os.fork()
    if child == 0:
        os._exit(1 if is_on() else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert is_on()
    reporting.close()


@pytest.mark.parametrize(
    ("settings", "error", "sentence"),
    [
        ({"exporters": ("statd",)}, TradewindConfigException, "there is no metrics exporter 'statd'; is it 'statsd'?"),
        ({"exporters": ("otlp",), "otlp_endpoint": "x"}, ConfigError, "'otlp' cannot be opened: metrics.otlp_endpoint"),
        ({"exporters": ("statsd",), "interval": 0.0}, ConfigError, "metrics.interval = 0: give seconds above 0"),
    ],
)
def test_a_mistake_in_the_settings_is_one_sentence(tmp_path, settings, error, sentence):
    with pytest.raises(error, match=sentence.replace("?", r"\?")):
        start_reporting(config(tmp_path, **settings), "scheduler")


def test_the_process_that_starts_a_worker_says_what_the_worker_would(tmp_path):
    check_exporters(config(tmp_path, exporters=("statsd", "prometheus", "otlp")), "worker")
    with pytest.raises(ConfigError, match="write a URL"):
        check_exporters(config(tmp_path, exporters=("otlp",), otlp_endpoint="x"), "worker")


def test_settings_with_secrets_show_none(tmp_path):
    shown = config(tmp_path, otlp_headers=("authorization=hidden",))
    assert json.dumps(shown.metrics.otlp_headers) == '["authorization=hidden"]'
    settings = {each.key: each.shown for each in load(tmp_path, {}, {("metrics", "otlp_headers"): ("a=b",)}).settings}
    assert settings["otlp_headers"] == "***"

"""Reporting: what a daemon starts so that its metrics are gathered and sent. Without exporters it starts nothing."""

from __future__ import annotations

import dataclasses
import logging
import os
import socket
import threading
from collections.abc import Sequence

from tradewind_plugins.contracts.metrics import MetricsExporter, MetricsSetup

from tradewind.config import Config, ConfigError
from tradewind.metrics.catalogue import MESSAGES
from tradewind.metrics.couriers import Courier
from tradewind.metrics.meter import Meter
from tradewind.metrics.recording import count, use_meter
from tradewind.metrics.selecting import Selection
from tradewind.plugins.current import registry
from tradewind.version import VERSION

log = logging.getLogger(__name__)

KIND = "metrics exporter"
CLOSE_SECONDS = 2.0


class Reporting:
    """A process that reports; `close` sends the last batch.

    Arguments:
        meter: what is reported.
        couriers: to whom.
        interval: seconds between two batches.
    """

    def __init__(self, meter: Meter, couriers: Sequence[Courier], interval: float) -> None:
        self._meter = meter
        self._couriers = couriers
        self._interval = interval
        self._stop = threading.Event()
        self._lines = _Lines()
        logging.getLogger().addHandler(self._lines)
        use_meter(meter)
        self._thread = threading.Thread(target=self._work, name="tradewind-metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send what was counted last, for two seconds at most: a receiver that hangs does not hold up the end."""
        self._stop.set()
        self._thread.join()
        logging.getLogger().removeHandler(self._lines)
        use_meter(None)
        for courier in self._couriers:
            courier.end()
        stuck = [courier for courier in self._couriers if not courier.join(CLOSE_SECONDS / len(self._couriers))]
        if stuck:
            log.warning("%d metrics exporters did not end in time; their last batch is lost", len(stuck))

    def _work(self) -> None:
        is_over = False
        while not is_over:
            is_over = self._stop.wait(self._interval)
            batch = self._meter.batch()
            for courier in self._couriers:
                courier.offer(batch)


class NotReporting:
    """A process that reports to nobody."""

    def close(self) -> None:
        """See `Reporting.close`."""


class _Lines(logging.Handler):
    """Counts the lines of the log that say that something is wrong."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        count(MESSAGES, level=record.levelname)


def start_reporting(config: Config, process: str) -> Reporting | NotReporting:
    """Gather and send the metrics of this process, if the configuration names exporters.

    Arguments:
        process: `scheduler`, `worker`, `watcher` (which starts the worker and sees it end), `triggerer` or `dag-processor`.
    Raises:
        ConfigError: an exporter cannot be opened with the settings.
        TradewindConfigException: nobody declares an exporter of a name.
    """
    section = config.metrics
    if not section.exporters:
        return NotReporting()
    if section.interval <= 0:
        raise ConfigError(f"metrics.interval = {section.interval:g}: give seconds above 0.")
    opened = [(name, _open(name, _setup(config, process))) for name in section.exporters]
    meter = Meter(Selection.of(section))
    # A forked child has none of the threads, and what it counts is nobody's
    os.register_at_fork(after_in_child=lambda: use_meter(None))
    return Reporting(meter, [Courier(name, exporter, meter.lost) for name, exporter in opened], section.interval)


def check_exporters(config: Config, process: str) -> None:
    """Refuse what `start_reporting` would refuse, in a process that only starts the one that reports.

    Raises:
        ConfigError, TradewindConfigException: as of `start_reporting`.
    """
    for name in config.metrics.exporters:
        _open(name, _setup(config, process)).close()


def _setup(config: Config, process: str) -> MetricsSetup:
    return MetricsSetup(
        process=process,
        host=socket.gethostname(),
        pid=os.getpid(),
        version=VERSION,
        settings=dataclasses.asdict(config.metrics),
    )


def _open(name: str, setup: MetricsSetup) -> MetricsExporter:
    made: type[MetricsExporter] = registry().load(KIND, name)
    try:
        return made.open(setup)
    except ValueError as error:
        raise ConfigError(f"The metrics exporter {name!r} cannot be opened: {error}") from error

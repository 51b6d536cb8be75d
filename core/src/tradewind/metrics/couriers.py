"""Handing batches to one exporter in a thread of its own, so that one that hangs holds up nobody."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from tradewind_plugins.contracts.metrics import MetricsBatch, MetricsExporter

log = logging.getLogger(__name__)

MOST_WAITING = 6


class Courier:
    """One exporter and its thread.

    Arguments:
        name: of the exporter, for people.
        exporter: is called from the thread only.
        on_lost: called with the name for each batch that was not sent.
    """

    def __init__(self, name: str, exporter: MetricsExporter, on_lost: Callable[[str], None]) -> None:
        self._name = name
        self._exporter = exporter
        self._on_lost = on_lost
        self._waiting: deque[MetricsBatch] = deque()
        self._asked = threading.Event()
        self._is_ended = False
        self._is_failing = False
        # Daemonic: a receiver that hangs must not keep the process from ending
        self._thread = threading.Thread(target=self._work, name=f"tradewind-metrics-{name}", daemon=True)
        self._thread.start()

    def offer(self, batch: MetricsBatch) -> None:
        """Have a batch sent; the oldest of a long row is dropped. Never waits."""
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self._on_lost(self._name)
        self._waiting.append(batch)
        self._asked.set()

    def end(self) -> None:
        """Send what waits and close the exporter; returns at once, see `join`."""
        self._is_ended = True
        self._asked.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; tell whether it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while not self._is_ended or self._waiting:
            self._asked.wait()
            self._asked.clear()
            while self._waiting:
                self._emit(self._waiting.popleft())
        try:
            self._exporter.close()
        except Exception as error:  # noqa: BLE001 - whatever a plugin's exporter raises, the daemon ends as it should
            log.warning("the metrics exporter %r could not be closed: %s: %s", self._name, type(error).__name__, error)

    def _emit(self, batch: MetricsBatch) -> None:
        try:
            self._exporter.emit(batch)
        except Exception as error:  # noqa: BLE001 - whatever a plugin's exporter raises, the daemon goes on
            self._on_lost(self._name)
            if not self._is_failing:
                what = f"{type(error).__name__}: {error}"
                log.warning("the metrics exporter %r fails, and is tried again with each batch: %s", self._name, what)
            self._is_failing = True
            return
        if self._is_failing:
            log.info("the metrics exporter %r works again", self._name)
        self._is_failing = False

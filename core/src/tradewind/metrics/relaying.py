"""Counts of a process that ends before anybody could ask it: the one that started it is told, and counts them as its own."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tradewind_plugins.contracts.metrics import Metric

from tradewind.metrics.catalogue import CATALOGUE
from tradewind.metrics.recording import count, observe


class Relay:
    """A meter that keeps what it is told, to be told again elsewhere. Of gauges it takes no note: they are the living's."""

    def __init__(self) -> None:
        self._told: list[tuple[str, float, dict[str, str]]] = []

    def add(self, metric: Metric, amount: float, labels: Mapping[str, str]) -> None:
        """Raise a counter."""
        self._told.append((metric.name, amount, dict(labels)))

    def observe(self, metric: Metric, seconds: float, labels: Mapping[str, str]) -> None:
        """Take how long something took."""
        self._told.append((metric.name, seconds, dict(labels)))

    def set(self, metric: Metric, value: float, labels: Mapping[str, str]) -> None:
        """Leave out how a gauge stands."""

    def set_all(self, metric: Metric, values: Mapping[tuple[str, ...], float]) -> None:
        """Leave out how a gauge's series stand."""

    def told(self) -> str:
        """Return all of it as JSON, for `retell`."""
        return json.dumps(self._told)


def retell(told: str) -> None:
    """Count in this process what another one's `Relay` was told; nothing of a process that died before it could tell."""
    for name, amount, labels in json.loads(told or "[]"):
        metric = CATALOGUE[name].metric
        (observe if metric.kind == "timer" else count)(metric, amount, **labels)

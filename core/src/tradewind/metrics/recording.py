"""Counting, from anywhere in a daemon: one call a place, which is a branch where no exporter is configured.

What is counted inside `held()` counts when the block ends well: a transaction that is repeated counts once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final, Protocol

from tradewind_plugins.contracts.metrics import Metric


class Counting(Protocol):
    """What takes the values: the meter of a process that reports, or a relay to one."""

    def add(self, metric: Metric, amount: float, labels: Mapping[str, str]) -> None:
        """Raise a counter."""

    def observe(self, metric: Metric, seconds: float, labels: Mapping[str, str]) -> None:
        """Take how long something took."""

    def set(self, metric: Metric, value: float, labels: Mapping[str, str]) -> None:
        """Take how a gauge stands."""

    def set_all(self, metric: Metric, values: Mapping[tuple[str, ...], float]) -> None:
        """Take how all series of a gauge stand."""


class _Process:
    """The meter of this process; None where no exporter is configured."""

    meter: Counting | None = None


class _Held(threading.local):
    """What this thread has counted and not yet told."""

    counts: list[tuple[Metric, float, Mapping[str, str]]] | None = None


_held: Final = _Held()
_NOTHING: Final = nullcontext()


def use_meter(meter: Counting | None) -> None:
    """Count into this meter from now on; None counts nothing."""
    _Process.meter = meter


def is_on() -> bool:
    """Tell whether anybody is told: what costs something to measure is measured only then."""
    return _Process.meter is not None


def count(metric: Metric, amount: float = 1, /, **labels: str) -> None:
    """Raise a counter."""
    if _Process.meter is not None:
        _record(metric, amount, labels)


def observe(metric: Metric, seconds: float, /, **labels: str) -> None:
    """Tell a timer how long something took."""
    if _Process.meter is not None:
        _record(metric, seconds, labels)


def gauge(metric: Metric, value: float, /, **labels: str) -> None:
    """Tell how something stands."""
    if _Process.meter is not None:
        _Process.meter.set(metric, value, labels)


def gauges(metric: Metric, values: Mapping[tuple[str, ...], float]) -> None:
    """Tell how all series of a gauge stand, by the values of their labels; those that are not named stand at 0."""
    if _Process.meter is not None:
        _Process.meter.set_all(metric, values)


def held() -> AbstractContextManager[None]:
    """Count what the block counts when it ends well, and nothing of it when it raises."""
    return _NOTHING if _Process.meter is None or _held.counts is not None else _holding()


@contextmanager
def _holding() -> Iterator[None]:
    counts = _held.counts = []
    try:
        yield
    finally:
        _held.counts = None
    for metric, amount, labels in counts:
        _tell(metric, amount, labels)


def _record(metric: Metric, amount: float, labels: Mapping[str, str]) -> None:
    if _held.counts is not None:
        _held.counts.append((metric, amount, labels))
    else:
        _tell(metric, amount, labels)


def _tell(metric: Metric, amount: float, labels: Mapping[str, str]) -> None:
    meter = _Process.meter
    if meter is None:
        return
    if metric.kind == "timer":
        meter.observe(metric, amount, labels)
    else:
        meter.add(metric, amount, labels)

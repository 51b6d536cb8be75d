"""The values of one process, in memory: written by any of its threads, read as a batch every few seconds."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tradewind_plugins.contracts.metrics import Metric, MetricsBatch, Series

from tradewind.metrics.catalogue import BATCHES_LOST
from tradewind.metrics.selecting import Selection

MOST_OBSERVED = 1000
"""Observations of one timer that a batch has one by one; what comes beyond is counted."""
OTHER = "other"


@dataclass(slots=True)
class _State:
    """What is known of one series."""

    metric: Metric
    labels: dict[str, str]
    aliases: tuple[str, ...]
    is_alias_only: bool
    value: float = 0.0
    increase: float = 0.0
    count: int = 0
    buckets: list[int] = field(default_factory=list)
    observed: list[float] = field(default_factory=list)
    observed_count: int = 0

    def taken(self) -> Series:
        """Return the series, and begin its next batch."""
        found = Series(
            metric=self.metric,
            labels=self.labels,
            value=self.value,
            increase=self.increase,
            count=self.count,
            bucket_counts=tuple(self.buckets),
            observed=tuple(self.observed),
            observed_count=self.observed_count,
            aliases=self.aliases,
            is_alias_only=self.is_alias_only,
        )
        self.increase, self.observed_count = 0.0, 0
        self.observed = []
        return found


class Meter:
    """Counts, gauges and timers.

    Arguments:
        selection: what is kept at all.
        now: seconds since 1970.
    """

    def __init__(self, selection: Selection, now: Callable[[], float] = time.time) -> None:
        self._selection = selection
        self._now = now
        self._started_at = now()
        self._lock = threading.Lock()
        self._states: dict[str, dict[tuple[str, ...], _State | None]] = {}
        self._kept: dict[str, tuple[str, ...]] = {}

    def add(self, metric: Metric, amount: float, labels: Mapping[str, str]) -> None:
        """Raise a counter."""
        with self._lock:
            state = self._state(metric, labels)
            if state is not None:
                state.value += amount
                state.increase += amount

    def set(self, metric: Metric, value: float, labels: Mapping[str, str]) -> None:
        """Write how a gauge stands."""
        with self._lock:
            state = self._state(metric, labels)
            if state is not None:
                state.value = value

    def set_all(self, metric: Metric, values: Mapping[tuple[str, ...], float]) -> None:
        """Write a gauge's series all together, by the values of its labels; one that is not among them stands at 0."""
        with self._lock:
            for known in self._states.get(metric.name, {}).values():
                if known is not None:
                    known.value = 0.0
            for key, value in values.items():
                state = self._state(metric, dict(zip(metric.labels, key, strict=True)))
                if state is not None:
                    state.value += value

    def observe(self, metric: Metric, seconds: float, labels: Mapping[str, str]) -> None:
        """Add an observation to a timer."""
        with self._lock:
            state = self._state(metric, labels)
            if state is None:
                return
            if not state.buckets:
                state.buckets = [0] * (len(metric.buckets) + 1)
            state.buckets[bisect_left(metric.buckets, seconds)] += 1
            state.value += seconds
            state.count += 1
            state.observed_count += 1
            if len(state.observed) < MOST_OBSERVED:
                state.observed.append(seconds)

    def batch(self) -> MetricsBatch:
        """Return every series, and begin to count the next batch."""
        with self._lock:
            states = [state for states in self._states.values() for state in states.values() if state is not None]
            series = tuple([state.taken() for state in states])
        return MetricsBatch(started_at=self._started_at, at=self._now(), series=series)

    def lost(self, exporter: str) -> None:
        """Count a batch that an exporter did not send."""
        self.add(BATCHES_LOST, 1, {"exporter": exporter})

    def _state(self, metric: Metric, labels: Mapping[str, str]) -> _State | None:
        """Return a series, made when it is first asked for; None for one that is not sent under any name."""
        kept = self._kept.get(metric.name)
        if kept is None:
            kept = self._kept[metric.name] = self._selection.labels(metric)
        states = self._states.setdefault(metric.name, {})
        key = tuple([labels[name] for name in kept])
        if key not in states and kept and len(states) >= self._selection.max_series:
            key = (OTHER,) * len(kept)
        if key not in states:
            states[key] = self._made(metric, dict(zip(kept, key, strict=True)))
        return states[key]

    def _made(self, metric: Metric, labels: dict[str, str]) -> _State | None:
        aliases = self._selection.aliases(metric, labels)
        is_own = self._selection.allows(metric.name)
        return _State(metric, labels, aliases, not is_own) if is_own or aliases else None

"""The metrics exporter contract: where the counters, gauges and timers of the daemons are sent.

A daemon gathers values in memory and hands them over every few seconds, in a thread of its own for each exporter: one that
waits, or fails, holds up neither the daemon nor the other exporters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tradewind_plugins.values import Value, field

__all__ = ["Metric", "MetricsBatch", "MetricsExporter", "MetricsSetup", "Series"]


class Metric(Value):
    """What is measured, as the table of metrics has it.

    Args:
        name: With dots, such as `task_try.duration`.
        kind: `counter` (only rises), `gauge` (how it stands now) or `timer` (seconds that something took).
        unit: `s` for seconds, else the plural of what is counted.
        summary: One sentence.
        labels: The names of its labels, in order.
        buckets: Of a timer: the upper bounds in seconds between which observations are counted.
    """

    name: str
    kind: str
    unit: str
    summary: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


class Series(Value):
    """The values of one metric with one set of labels.

    Args:
        metric: What is measured.
        labels: Their values by name.
        value: A gauge's value now, a counter's total since the process started, the sum of a timer's seconds since then.
        increase: Of a counter: what came since the batch before.
        count: Of a timer: the number of observations since the process started.
        bucket_counts: Of a timer: how many of those lie up to each bound of `metric.buckets` and above the one before;
            the last one counts what is above all.
        observed: Of a timer: the seconds observed since the batch before, perhaps only the first thousand of them.
        observed_count: Of a timer: how many were observed since the batch before.
        aliases: What Airflow 2 calls it, with the labels filled in; for exporters whose receivers know metrics by names only.
        is_alias_only: The settings select its aliases and not its own name.
    """

    metric: Metric
    labels: Mapping[str, str]
    value: float
    increase: float = 0.0
    count: int = 0
    bucket_counts: tuple[int, ...] = ()
    observed: tuple[float, ...] = ()
    observed_count: int = 0
    aliases: tuple[str, ...] = ()
    is_alias_only: bool = False

    def __hash__(self) -> int:
        return hash((self.metric.name, tuple(sorted(self.labels.items())), self.value, self.count))


class MetricsBatch(Value):
    """All series of one process at one moment.

    Args:
        started_at: When the process began to count, in seconds since 1970.
        at: The moment, in seconds since 1970.
        series: Every series there is, those that did not change too.
    """

    started_at: float
    at: float
    series: tuple[Series, ...]


class MetricsSetup(Value):
    """What an exporter is told when it is made.

    Args:
        process: The kind of daemon: `scheduler`, `worker`, `watcher` (of a worker) or `dag-processor`.
        host: The machine's name.
        pid: The process.
        version: Of Tradewind.
        settings: The section `metrics` of the configuration, by key.
    """

    process: str
    host: str
    pid: int
    version: str
    settings: Mapping[str, Any] = field(default_factory=dict, secret=True)

    def __hash__(self) -> int:
        return hash((self.process, self.host, self.pid))


class MetricsExporter:
    """Sends batches somewhere.

    Its methods are called from one thread that is its own. What `emit` raises is logged once until it works again. A batch
    that comes while earlier ones wait in a long row is dropped: totals and sums are right again with the next one.
    """

    contract_version: ClassVar[str] = "0.1"

    @classmethod
    def open(cls, setup: MetricsSetup) -> MetricsExporter:
        """Return the exporter of a process; one that needs none of the setup is made without arguments.

        Raises:
            ValueError: A setting has no meaning; the sentence names it. The daemon does not start.
        """
        return cls()

    def emit(self, batch: MetricsBatch) -> None:
        """Send a batch; may take its time."""
        raise NotImplementedError(f"{type(self).__name__} does not implement emit")

    def close(self) -> None:
        """Called once at the end, after the last batch."""

"""The Prometheus exporter: each process answers `GET /metrics` with its last batch, on a port of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate

from tradewind_plugins.contracts.metrics import Metric, MetricsBatch, MetricsExporter, MetricsSetup, Series

log = logging.getLogger(__name__)

OFFSETS = {"scheduler": 0, "worker": 1, "dag-processor": 2, "watcher": 3, "triggerer": 4}
"""Which port a process listens on, above `metrics.prometheus_port`."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_KINDS = {"counter": "counter", "gauge": "gauge", "timer": "histogram"}


class PrometheusExporter(MetricsExporter):
    """Serves the last batch.

    Arguments:
        host, port: to listen on. A port that is taken is tried again with each batch: a process that ends may still have it.
    """

    def __init__(self, host: str, port: int) -> None:
        self._where = (host, port)
        self._text = b""
        self._server: ThreadingHTTPServer | None = None

    @classmethod
    def open(cls, setup: MetricsSetup) -> PrometheusExporter:
        """See `MetricsExporter.open`."""
        base: int = setup.settings["prometheus_port"]
        port = base + OFFSETS.get(setup.process, len(OFFSETS)) if base else 0
        if not 0 <= port <= 65535:
            raise ValueError(f"metrics.prometheus_port = {base}: the {setup.process} would listen on port {port}")
        return cls(setup.settings["prometheus_host"], port)

    @property
    def port(self) -> int | None:
        """The port that it listens on, once the first batch has come."""
        return None if self._server is None else int(self._server.server_address[1])

    def emit(self, batch: MetricsBatch) -> None:
        """See `MetricsExporter.emit`."""
        self._text = exposition(batch).encode()
        if self._server is None:
            self._server = self._listen()

    def close(self) -> None:
        """See `MetricsExporter.close`."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _listen(self) -> ThreadingHTTPServer:
        try:
            server = ThreadingHTTPServer(self._where, _handler(lambda: self._text))
        except OSError as error:
            host, port = self._where
            raise OSError(f"{host}:{port} cannot be listened on (metrics.prometheus_port): {error.strerror}") from error
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, name="tradewind-prometheus", daemon=True).start()
        log.info("metrics are served at http://%s:%d/metrics", self._where[0], server.server_address[1])
        return server


def _handler(text: Callable[[], bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # who connects and says nothing is let go

        def do_GET(self) -> None:
            is_known = self.path.partition("?")[0] == "/metrics"
            body = text() if is_known else b"Metrics are at /metrics.\n"
            self.send_response(200 if is_known else 404)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Say nothing: a scrape comes every few seconds."""

    return Handler


def prometheus_name(metric: Metric) -> str:
    """Return the name of a metric's family: with its unit behind it, and `_total` behind that of a counter."""
    name = f"tradewind_{metric.name.replace('.', '_')}"
    if metric.unit == "s":
        name += "_seconds"
    return f"{name}_total" if metric.kind == "counter" else name


def exposition(batch: MetricsBatch) -> str:
    """Return a batch in Prometheus's text format."""
    families: dict[str, list[Series]] = {}
    for series in batch.series:
        if not series.is_alias_only:
            families.setdefault(prometheus_name(series.metric), []).append(series)
    lines = [line for name in sorted(families) for line in _family(name, families[name])]
    return "".join(f"{line}\n" for line in lines)


def _family(name: str, found: list[Series]) -> Iterator[str]:
    metric = found[0].metric
    yield f"# HELP {name} {metric.summary}"
    yield f"# TYPE {name} {_KINDS[metric.kind]}"
    for series in found:
        if metric.kind == "timer":
            yield from _histogram(name, series)
        else:
            yield f"{name}{_labels(series.labels.items())} {series.value!r}"


def _histogram(name: str, series: Series) -> Iterator[str]:
    bounds = [*(f"{bound:g}" for bound in series.metric.buckets), "+Inf"]
    counts = series.bucket_counts or (0,) * len(bounds)
    for bound, total in zip(bounds, accumulate(counts), strict=True):
        yield f"{name}_bucket{_labels([*series.labels.items(), ('le', bound)])} {total}"
    yield f"{name}_sum{_labels(series.labels.items())} {series.value!r}"
    yield f"{name}_count{_labels(series.labels.items())} {series.count}"


def _labels(pairs: Iterable[tuple[str, str]]) -> str:
    found = ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)
    return f"{{{found}}}" if found else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')

"""The OpenTelemetry exporter: OTLP over HTTP, as JSON, or as protobuf where the extra `tradewind[otlp]` is installed.

Written against the protocol and not with the OpenTelemetry SDK: the values are gathered already, and the SDK would gather them once
more, with a thread, a set of environment variables and hooks into the process of its own.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from tradewind_plugins.contracts.metrics import Metric, MetricsBatch, MetricsExporter, MetricsSetup, Series

PATH = "/v1/metrics"
TIMEOUT_SECONDS = 5.0
ENCODINGS = {"json": "application/json", "protobuf": "application/x-protobuf"}
CUMULATIVE = 2


class OtlpExporter(MetricsExporter):
    """Posts each batch.

    Arguments:
        url: of the collector, with the path.
        headers: sent with each request.
        encoding: `json` or `protobuf`.
        resource: what is said of this process.
    """

    def __init__(self, url: str, headers: Mapping[str, str], encoding: str, resource: Mapping[str, str]) -> None:
        self._url = url
        self._headers = {**headers, "Content-Type": ENCODINGS[encoding]}
        self._encode = _protobuf_encoder() if encoding == "protobuf" else _as_json
        self._resource = resource

    @classmethod
    def open(cls, setup: MetricsSetup) -> OtlpExporter:
        """See `MetricsExporter.open`."""
        given = setup.settings
        endpoint: str = given["otlp_endpoint"]
        if urlsplit(endpoint).scheme not in ("http", "https"):
            raise ValueError(f"metrics.otlp_endpoint = {endpoint!r}: write a URL such as http://localhost:4318")
        if given["otlp_encoding"] not in ENCODINGS:
            raise ValueError(f"metrics.otlp_encoding = {given['otlp_encoding']!r}: write json or protobuf")
        resource = {
            "service.name": "tradewind",
            "service.version": setup.version,
            "service.instance.id": f"{setup.process}@{setup.host}:{setup.pid}",
            "host.name": setup.host,
            "tradewind.process": setup.process,
        }
        url = endpoint if endpoint.endswith(PATH) else endpoint.rstrip("/") + PATH
        return cls(url, _headers(given["otlp_headers"]), given["otlp_encoding"], resource)

    def emit(self, batch: MetricsBatch) -> None:
        """See `MetricsExporter.emit`."""
        body = self._encode(export_request(batch, self._resource))
        request = urllib.request.Request(self._url, data=body, headers=self._headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  (http or https: see open)
                answer.read()
        except HTTPError as error:
            with error:
                said = error.read(300).decode(errors="replace").strip()
            raise OSError(f"{self._url} answered {error.code} {error.reason}: {said}") from error
        except HTTPException as error:
            raise OSError(f"{self._url} did not answer in HTTP: {error!r}") from error


def export_request(batch: MetricsBatch, resource: Mapping[str, str]) -> dict[str, Any]:
    """Return a batch as OTLP's ExportMetricsServiceRequest in its JSON form."""
    families: dict[str, list[Series]] = {}
    for series in batch.series:
        if not series.is_alias_only:
            families.setdefault(series.metric.name, []).append(series)
    metrics = [_metric(found[0].metric, found, batch) for found in families.values()]
    scope = {"scope": {"name": "tradewind", "version": resource["service.version"]}, "metrics": metrics}
    return {"resourceMetrics": [{"resource": {"attributes": _attributes(resource)}, "scopeMetrics": [scope]}]}


def _metric(metric: Metric, found: Iterable[Series], batch: MetricsBatch) -> dict[str, Any]:
    points = [_point(series, batch) for series in found]
    data: dict[str, Any] = {"dataPoints": points}
    if metric.kind != "gauge":
        data["aggregationTemporality"] = CUMULATIVE
    if metric.kind == "counter":
        data["isMonotonic"] = True
    kind = {"counter": "sum", "gauge": "gauge", "timer": "histogram"}[metric.kind]
    unit = metric.unit if metric.unit == "s" else f"{{{metric.unit}}}"
    return {"name": f"tradewind.{metric.name}", "description": metric.summary, "unit": unit, kind: data}


def _point(series: Series, batch: MetricsBatch) -> dict[str, Any]:
    point: dict[str, Any] = {
        "attributes": _attributes(series.labels),
        "startTimeUnixNano": _nanoseconds(batch.started_at),
        "timeUnixNano": _nanoseconds(batch.at),
    }
    if series.metric.kind != "timer":
        return {**point, "asDouble": series.value}
    return {
        **point,
        "count": str(series.count),
        "sum": series.value,
        "bucketCounts": [str(each) for each in series.bucket_counts],
        "explicitBounds": list(series.metric.buckets),
    }


def _nanoseconds(seconds: float) -> str:
    return str(int(seconds * 1_000_000) * 1000)  # 64-bit integers are texts in protobuf's JSON


def _attributes(values: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]


def _headers(words: tuple[str, ...]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    if any(not name.strip() or not mark for name, mark, _ in pairs):
        raise ValueError("metrics.otlp_headers has an entry that is not name=value")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _as_json(request: dict[str, Any]) -> bytes:
    return json.dumps(request, separators=(",", ":")).encode()


def _protobuf_encoder() -> Any:
    # An optional dependency: JSON does without it
    try:
        from google.protobuf.json_format import ParseDict  # noqa: PLC0415
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (  # noqa: PLC0415
            ExportMetricsServiceRequest,
        )
    except ImportError as error:
        raise ValueError(
            'metrics.otlp_encoding = "protobuf" needs a package that is not installed: pip install "tradewind[otlp]"'
        ) from error
    return lambda request: ParseDict(request, ExportMetricsServiceRequest()).SerializeToString()

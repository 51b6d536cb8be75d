"""Each exporter against its protocol as others read it."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import closing

import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from prometheus_client.parser import text_string_to_metric_families
from tradewind.metrics import catalogue as known
from tradewind.metrics.otlp import OtlpExporter
from tradewind.metrics.prometheus import PrometheusExporter
from tradewind.metrics.recording import count, gauge, gauges, observe
from tradewind.metrics.statsd import StatsdExporter


def count_something():
    count(known.TRIES_ENDED, 2, dag_id="shop", task_id="pay now:|#", state="failed")
    gauges(known.POOL_OPEN, {("default_pool",): -3.0})
    gauge(known.DAGS, 12345678)
    observe(known.RUN_DURATION, 0.25, dag_id="shop", state="success")
    observe(known.RUN_DURATION, 7200.0, dag_id="shop", state="success")
    observe(known.RUN_DURATION, 86400.0, dag_id="shop", state="success")


def test_statsd_has_names_alone_ours_and_airflows(meter, statsd, setup_of):
    count_something()
    with closing(StatsdExporter.open(setup_of(statsd_host="127.0.0.1", statsd_port=statsd.port))) as exporter:
        exporter.emit(meter.batch())
        found = statsd.packet()
        values = [(line.name, line.value, line.kind) for line in found]
        assert ("tradewind.task_try.ended.shop.pay_now___.failed", 2, "c") in values
        assert ("airflow.ti.finish.shop.pay_now___.failed", 2, "c") in values
        assert ("airflow.ti_failures", 2, "c") in values
        assert values.index(("tradewind.pool.open_slots.default_pool", 0, "g")) + 1 == values.index(
            ("tradewind.pool.open_slots.default_pool", -3, "g")
        ), "a gauge with a sign would be moved, so it is set to nothing first"
        assert ("airflow.dagbag_size", 12345678, "g") in values
        assert ("airflow.dagrun.duration.success.shop", 250, "ms") in values
        assert ("tradewind.dag_run.duration.shop.success", 7200000, "ms") in values
        exporter.emit(meter.batch())
        again = {line.name for line in statsd.packet()}
    assert "airflow.dagbag_size" in again
    assert "airflow.ti_failures" not in again, "nothing came, nothing is sent"


def test_statsd_has_tags_where_the_server_knows_them(meter, statsd, setup_of):
    count_something()
    settings = {"statsd_tags": "dogstatsd", "statsd_airflow_prefix": "", "statsd_prefix": "tw"}
    exporter = StatsdExporter.open(setup_of(statsd_host="127.0.0.1", statsd_port=statsd.port, **settings))
    with closing(exporter):
        exporter.emit(meter.batch())
        found = {line.name: line for line in statsd.packet()}
    assert found["tw.task_try.ended"].tags == {"dag_id:shop", "task_id:pay_now___", "state:failed"}
    assert found["tw.dag.active"].tags == frozenset()
    assert not [name for name in found if name.startswith("airflow")]


def test_statsd_sends_packets_that_fit_and_a_rate_where_observations_were_left_out(meter, statsd, setup_of):
    for _ in range(2000):
        observe(known.SCHEDULER_STEP, 0.001)
    exporter = StatsdExporter.open(setup_of(statsd_host="127.0.0.1", statsd_port=statsd.port, statsd_airflow_prefix=""))
    with closing(exporter):
        exporter.emit(meter.batch())
        lines = statsd.packet()
        while len(lines) < 1000:
            lines += statsd.packet()
    assert {(line.value, line.rate) for line in lines} == {(1.0, 0.5)}


def test_statsd_without_a_server_is_no_error(meter, setup_of):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    count_something()
    with closing(StatsdExporter.open(setup_of(statsd_host="127.0.0.1", statsd_port=port))) as exporter:
        for _ in range(3):
            exporter.emit(meter.batch())


def scrape(port, path="/metrics"):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read().decode()


def test_prometheus_reads_what_is_served(meter, setup_of):
    count_something()
    gauges(known.POOL_SLOTS, {('odd "pool"\\\n',): 1.0})
    with closing(PrometheusExporter.open(setup_of(prometheus_port=0))) as exporter:
        assert exporter.port is None, "nothing is open before the first batch"
        exporter.emit(meter.batch())
        status, kind, text = scrape(exporter.port)
        assert scrape(exporter.port, "/")[0] == 404
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    failed = families["tradewind_task_try_ended"]
    assert failed.type == "counter"
    assert failed.documentation == known.TRIES_ENDED.summary
    [sample] = failed.samples
    assert sample.name == "tradewind_task_try_ended_total"
    assert (sample.labels, sample.value) == ({"dag_id": "shop", "task_id": "pay now:|#", "state": "failed"}, 2.0)
    assert families["tradewind_pool_slots"].samples[0].labels == {"pool": 'odd "pool"\\\n'}
    histogram = families["tradewind_dag_run_duration_seconds"]
    buckets = {each.labels["le"]: each.value for each in histogram.samples if each.name.endswith("_bucket")}
    assert histogram.type == "histogram"
    assert [buckets[bound] for bound in ("0.1", "0.5", "3600", "14400", "+Inf")] == [0, 1, 1, 2, 3]
    sums = {each.name: each.value for each in histogram.samples if not each.name.endswith("_bucket")}
    assert sums["tradewind_dag_run_duration_seconds_sum"] == 93600.25
    assert sums["tradewind_dag_run_duration_seconds_count"] == 3


def test_prometheus_has_a_port_for_each_kind_of_process_and_waits_for_one_that_is_taken(meter, setup_of):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        exporter = PrometheusExporter.open(setup_of("worker", prometheus_port=port - 1))
        with pytest.raises(OSError, match=rf"127\.0\.0\.1:{port} cannot be listened on \(metrics\.prometheus_port\)"):
            exporter.emit(meter.batch())
    with closing(exporter):
        exporter.emit(meter.batch())
        assert exporter.port == port
    with pytest.raises(ValueError, match="the watcher would listen on port 65536"):
        PrometheusExporter.open(setup_of("watcher", prometheus_port=65533))


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_opentelemetrys_own_messages_read_what_is_posted(meter, collector, setup_of, encoding):
    count_something()
    settings = {"otlp_endpoint": collector.url, "otlp_encoding": encoding, "otlp_headers": ("api-key= k=1",)}
    exporter = OtlpExporter.open(setup_of(**settings))
    exporter.emit(meter.batch())
    headers, body = collector.body()
    assert (headers[":path"], headers["Api-Key"]) == ("/v1/metrics", "k=1")
    if encoding == "json":
        assert headers["Content-Type"] == "application/json"
        request = Parse(body, ExportMetricsServiceRequest())
    else:
        assert headers["Content-Type"] == "application/x-protobuf"
        request = ExportMetricsServiceRequest.FromString(body)
    [of_resource] = request.resource_metrics
    resource = {each.key: each.value.string_value for each in of_resource.resource.attributes}
    assert (resource["service.name"], resource["service.instance.id"]) == ("tradewind", "scheduler@h:7")
    [of_scope] = of_resource.scope_metrics
    metrics = {metric.name: metric for metric in of_scope.metrics}
    ended = metrics["tradewind.task_try.ended"]
    assert (ended.unit, ended.sum.is_monotonic, ended.sum.aggregation_temporality) == ("{tries}", True, 2)
    [point] = ended.sum.data_points
    assert point.as_double == 2
    assert point.start_time_unix_nano == 1_800_000_000_000_000_000 < point.time_unix_nano
    assert {each.key: each.value.string_value for each in point.attributes}["task_id"] == "pay now:|#"
    assert metrics["tradewind.pool.open_slots"].gauge.data_points[0].as_double == -3
    duration = metrics["tradewind.dag_run.duration"]
    assert (duration.unit, duration.description) == ("s", known.RUN_DURATION.summary)
    [point] = duration.histogram.data_points
    assert (point.count, point.sum, sum(point.bucket_counts)) == (3, 93600.25, 3)
    assert tuple(point.explicit_bounds) == known.RUN_DURATION.buckets
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1


def test_a_collector_that_refuses_is_told_of_with_its_words(meter, collector, setup_of):
    collector.status = 503
    with pytest.raises(OSError, match=r"/v1/metrics answered 503 Service Unavailable: \{\}"):
        OtlpExporter.open(setup_of(otlp_endpoint=f"{collector.url}/v1/metrics")).emit(meter.batch())
    assert json.loads(collector.body()[1])["resourceMetrics"]


@pytest.mark.parametrize(
    ("exporter", "settings", "sentence"),
    [
        (StatsdExporter, {"statsd_tags": "influx"}, "write one of none, dogstatsd"),
        (OtlpExporter, {"otlp_endpoint": "localhost:4318"}, "write a URL such as http://localhost:4318"),
        (OtlpExporter, {"otlp_encoding": "grpc"}, "write json or protobuf"),
        (OtlpExporter, {"otlp_headers": ("secret",)}, "an entry that is not name=value"),
    ],
)
def test_a_setting_without_meaning_is_refused(setup_of, exporter, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        exporter.open(setup_of(**settings))

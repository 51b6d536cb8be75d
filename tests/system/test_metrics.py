"""Metrics and logs of real daemons: what is counted arrives, whoever else hangs, and each line says what it is about."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psutil
import pytest

DAG = """
import os, time
import pendulum
from tradewind import dag, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1))
def shop():
    @task
    def good(n):
        return n

    @task
    def bad():
        raise ValueError("no")

    @task
    def waits():
        open(os.environ["BEGUN"], "w").close()
        time.sleep(600)  # in a task

    good.expand(n=[1, 2])
    bad()
    waits()

shop()
"""


class Lines:
    """A StatsD server: adds up counters and timers' observations by name, in a thread."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.sums: Counter[str] = Counter()
        self.gauges: dict[str, float] = {}
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while (data := self.socket.recv(65536)) != b"end":
            for line in data.decode().split("\n"):
                name, _, rest = line.partition(":")
                value, kind = rest.split("|")[:2]
                if kind == "g":
                    self.gauges[name] = float(value)
                else:
                    self.sums[name] += float(value) if kind == "c" else 1

    def close(self) -> None:
        self.socket.sendto(b"end", self.socket.getsockname())
        self._thread.join()
        self.socket.close()


@pytest.fixture
def statsd() -> Iterator[Lines]:
    with closing(Lines()) as lines:
        yield lines


@pytest.fixture
def hanging() -> Iterator[str]:
    """URL of a collector that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def four_free_ports() -> int:
    """Return the first of four ports in a row that nobody listens on."""
    for first in range(20_000, 30_000, 4):
        with ExitStack() as stack:
            try:
                for port in range(first, first + 4):
                    stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return first
    raise AssertionError("no four free ports in a row")


def scraped(port: int) -> str:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()


def worker_of(deployment: Any) -> psutil.Process:
    """The process that runs the tries, which its watcher has started."""
    children = psutil.Process(deployment.processes["worker"].pid).children()
    [found] = [each for each in children if "tradewind.execution.worker" in each.cmdline()]
    return found


def logged(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_is_counted_arrives_whoever_else_hangs_and_lines_say_what_they_are_about(
    sqlite_url: str, deploy: Callable[[str], Any], statsd: Lines, hanging: str, tmp_path: Path
) -> None:
    deployment, port = deploy(sqlite_url), four_free_ports()
    begun = tmp_path / "begun"
    settings = {
        "METRICS__EXPORTERS": "otlp,statsd,prometheus",
        "METRICS__INTERVAL": "0.3",
        "METRICS__DATABASE_INTERVAL": "0.5",
        "METRICS__STATSD_HOST": "127.0.0.1",
        "METRICS__STATSD_PORT": str(statsd.port),
        "METRICS__OTLP_ENDPOINT": hanging,
        "METRICS__PROMETHEUS_PORT": str(port),
        "LOGS__FORMAT": "json",
        "LOGS__LEVELS": "tradewind.execution.telling=DEBUG",
    }
    deployment.environment |= {f"TRADEWIND__{key}": value for key, value in settings.items()} | {"BEGUN": str(begun)}
    deployment.put("shop.py", DAG)
    deployment.start("processor", "worker", "scheduler")
    deployment.until("the file is picked up", deployment.dag_ids)
    assert deployment.cli("dags", "trigger", "shop", "--run-id", "one").returncode == 0
    deployment.until("all tasks have begun", lambda: begun.exists() and statsd.sums["airflow.ti_successes"] == 2)
    deployment.until("a failure is counted", lambda: statsd.sums["airflow.ti_failures"] == 1)
    assert statsd.sums["tradewind.task_try.ended.shop.good.success"] == 2
    assert statsd.sums["airflow.ti.finish.shop.bad.failed"] == 1
    assert statsd.sums["tradewind.task_try.started.shop.waits"] == 1
    assert statsd.sums["airflow.dag.shop.good.duration"] == 2
    for heartbeat in ("airflow.scheduler_heartbeat", "airflow.dag_processor_heartbeat", "tradewind.worker.heartbeat"):
        deployment.until(heartbeat, lambda name=heartbeat: statsd.sums[name] > 0)
    assert statsd.sums["airflow.dag_processing.last_duration.shop"] >= 1
    deployment.until("the running task is seen", lambda: statsd.gauges.get("airflow.scheduler.tasks.running") == 1)
    assert statsd.gauges["airflow.dagbag_size"] == 1
    assert 'tradewind_daemon_live{kind="worker"} 1.0\n' in scraped(port)
    assert 'tradewind_task_try_ended_total{dag_id="shop",task_id="bad",state="failed"} 1.0\n' in scraped(port + 1)

    worker_of(deployment).kill()
    deployment.until("the lost try is counted", lambda: statsd.sums["airflow.zombies_killed"] == 1)
    deployment.until("the run has failed", lambda: deployment.run_state("shop", "one") == "failed")
    deployment.until("its run is timed", lambda: statsd.sums["airflow.dagrun.duration.failed.shop"] == 1)
    assert set(deployment.stop().values()) == {0}, "the collector that hangs holds up no end"
    deployment.processes.clear()

    about = {"dag_id": "shop", "run_id": "one", "map_index": -1, "try_number": 1}
    lines = logged(deployment.home / "worker.log")
    assert {line["process"] for line in lines} == {"worker"}
    [lost] = [line for line in lines if line["message"].startswith("a try is lost: worker process killed by signal 9")]
    assert lost.items() >= {**about, "task_id": "waits", "level": "WARNING"}.items()
    [failed] = [line for line in lines if line["message"].startswith("ended as failed")]
    assert failed.items() >= {**about, "task_id": "bad", "level": "INFO"}.items()
    good = [line["map_index"] for line in lines if line["message"].startswith("ended as success")]
    assert sorted(good) == [0, 1]
    assert {line["process"] for line in logged(deployment.home / "scheduler.log")} == {"scheduler"}

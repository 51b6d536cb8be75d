"""What a batch is made from, and receivers of the real protocols."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest
from tradewind.config import load
from tradewind.metrics import recording
from tradewind.metrics.meter import Meter
from tradewind.metrics.selecting import Selection
from tradewind_plugins.contracts.metrics import MetricsSetup

STATSD = re.compile(
    r"(?P<name>[\w.\-]+):(?P<value>-?[\d.e+\-]+)\|(?P<kind>c|g|ms)(?:\|@(?P<rate>[\d.]+))?(?:\|#(?P<tags>.+))?"
)


class Line(NamedTuple):
    """One line that a StatsD server was sent."""

    name: str
    value: float
    kind: str
    rate: float
    tags: frozenset[str]


class StatsdServer:
    """Reads the StatsD protocol from a real UDP socket; a line that is none of it fails the test."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(10)
        self.port = self.socket.getsockname()[1]

    def packet(self) -> list[Line]:
        data = self.socket.recv(65536)
        assert len(data) <= 1432
        return [self._line(text) for text in data.decode().split("\n")]

    def until(self, name: str) -> list[Line]:
        """Return all lines up to the packet that has a name."""
        lines = self.packet()
        while name not in {line.name for line in lines}:
            lines += self.packet()
        return lines

    @staticmethod
    def _line(text: str) -> Line:
        found = STATSD.fullmatch(text)
        assert found, f"not a StatsD line: {text!r}"
        tags = frozenset(found["tags"].split(",")) if found["tags"] else frozenset()
        return Line(found["name"], float(found["value"]), found["kind"], float(found["rate"] or 1), tags)


@pytest.fixture
def statsd() -> Iterator[StatsdServer]:
    server = StatsdServer()
    yield server
    server.socket.close()


class Collector:
    """Takes what is posted to it; answers with `status`, or not until `go_on` is set."""

    def __init__(self) -> None:
        self.bodies: list[tuple[Mapping[str, str], bytes]] = []
        self.came = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.go_on.set()
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.bodies.append(({**self.headers, ":path": self.path}, body))
                outer.came.release()
                outer.go_on.wait()
                self.send_response(outer.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_words: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def body(self) -> tuple[Mapping[str, str], bytes]:
        assert self.came.acquire(timeout=10)
        return self.bodies[-1]

    def close(self) -> None:
        self.go_on.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture
def meter() -> Iterator[Meter]:
    """A meter in use, with a clock of its own."""
    meter = Meter(Selection(), now=iter(range(1_800_000_000, 1_900_000_000)).__next__)
    recording.use_meter(meter)
    yield meter
    recording.use_meter(None)


@pytest.fixture
def setup_of(tmp_path: Any) -> Any:
    """Return what an exporter is told, with settings of the section `metrics`."""

    def make(process: str = "scheduler", **settings: Any) -> MetricsSetup:
        overrides = {("metrics", key): value for key, value in settings.items()}
        section = load(tmp_path, {}, overrides).config.metrics
        return MetricsSetup(process=process, host="h", pid=7, version="1", settings=vars(section))

    return make

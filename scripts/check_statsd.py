"""Send metrics to the original StatsD server, and read back through its management port what it understood.

    python scripts/check_statsd.py FOLDER    # where `npm install statsd` was run

Not part of the gate, as npm takes long: `nox -s statsd`.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

from tradewind.config import load
from tradewind.metrics import catalogue
from tradewind.metrics.meter import Meter
from tradewind.metrics.recording import count, gauges, observe, use_meter
from tradewind.metrics.selecting import Selection
from tradewind.metrics.statsd import StatsdExporter
from tradewind_plugins.contracts.metrics import MetricsSetup

BAD_LINES = "statsd.bad_lines_seen"


def free_port(kind: int) -> int:
    """Return a port of 127.0.0.1 that nobody uses at this moment."""
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def server(folder: Path, port: int, management: int) -> Iterator[None]:
    """Run the server until the block ends."""
    with tempfile.TemporaryDirectory() as place:
        settings = Path(place, "config.js")
        settings.write_text(
            f'{{address: "127.0.0.1", port: {port}, mgmt_address: "127.0.0.1", mgmt_port: {management}, '
            "flushInterval: 3600000, backends: []}\n"
        )
        node = shutil.which("node")
        if node is None:
            raise SystemExit("node is not installed")
        command = [node, "node_modules/statsd/stats.js", str(settings)]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
            try:
                for line in process.stdout or ():
                    if "server is up" in line:
                        break
                yield
            finally:
                process.terminate()


def asked(management: int, what: str) -> dict[str, object]:
    """Return what the server has under `counters`, `gauges` or `timers`."""
    with socket.create_connection(("127.0.0.1", management), timeout=10) as connection:
        connection.sendall(f"{what}\n".encode())
        text = ""
        while "END" not in text:
            text += connection.recv(65536).decode()
    # It prints an object of JavaScript; node itself is asked to read it
    body = text.partition("END")[0]
    done = subprocess.run(
        [shutil.which("node") or "node", "-e", f"console.log(JSON.stringify({body}))"],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def main(folder: Path) -> None:
    """Send a batch and compare."""
    port, management = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
    overrides = {("metrics", "statsd_host"): "127.0.0.1", ("metrics", "statsd_port"): port}
    section = load(folder, {}, overrides, file=False).config.metrics
    setup = MetricsSetup(process="worker", host="h", pid=1, version="1", settings=asdict(section))
    meter = Meter(Selection())
    use_meter(meter)
    count(catalogue.TRIES_ENDED, 3, dag_id="shop", task_id="pay now", state="failed")
    gauges(catalogue.POOL_OPEN, {("default_pool",): -2.0})
    observe(catalogue.RUN_DURATION, 1.5, dag_id="shop", state="success")
    for _ in range(50):  # it prints a hundred at most
        observe(catalogue.SCHEDULER_STEP, 0.004)
    with server(folder, port, management), closing(StatsdExporter.open(setup)) as exporter:
        exporter.emit(meter.batch())
        counters, levels, timers = (asked(management, what) for what in ("counters", "gauges", "timers"))
    assert counters[BAD_LINES] == 0, counters
    assert counters["airflow.ti_failures"] == counters["tradewind.task_try.ended.shop.pay_now.failed"] == 3, counters
    assert levels["airflow.pool.open_slots.default_pool"] == -2, levels
    assert timers["airflow.dagrun.duration.success.shop"] == [1500], timers
    steps = timers["tradewind.scheduler.step_duration"]
    assert isinstance(steps, list)
    assert set(steps) == {4}
    print(f"StatsD understood every line: {len(counters)} counters, {len(levels)} gauges, {len(timers)} timers.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

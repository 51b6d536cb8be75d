"""Live means that the loop moves: a daemon that stands still turns red within a lease, one that idles never."""

from __future__ import annotations

import socket
import time
from http.client import HTTPConnection

import psutil
import pytest
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.statements import daemons

LEASE = 2.0


def answer(port: int, seconds: float = 1.0) -> int | None:
    """Return the status of the health endpoint, None where none comes."""
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


# Not SQLite: who is stopped while it writes holds the only lock there is
@pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_who_stands_still_turns_red_and_who_idles_beside_it_does_not(deployment) -> None:
    ports = {section: free_port() for section in ("SCHEDULER", "PARSING", "EXECUTOR")}
    deployment.environment |= {"TRADEWIND__LEASES__DURATION": str(LEASE), "TRADEWIND__LEASES__RENEW_EVERY": "0.5"}
    for section, port in ports.items():
        deployment.environment |= {
            f"TRADEWIND__{section}__ENABLE_HEALTH_CHECK": "true",
            f"TRADEWIND__{section}__HEALTH_CHECK_PORT": str(port),
        }
    deployment.start("scheduler", "processor", "worker")
    for section, port in ports.items():
        deployment.until(f"{section} is live", lambda p=port: answer(p) == 200)
    deployment.until("the leases", lambda: living(deployment) == {"scheduler", "processor", "worker"})

    stopped = psutil.Process(deployment.processes["scheduler"].pid)
    [supervisor] = psutil.Process(deployment.processes["worker"].pid).children()
    stopped.suspend()
    supervisor.suspend()
    began = time.monotonic()
    deployment.until("the leases run out", lambda: living(deployment) == {"processor"})
    deployment.until("no answer of who is stopped", lambda: answer(ports["SCHEDULER"]) is None)
    deployment.until("the watcher tells of its worker", lambda: answer(ports["EXECUTOR"]) == 503)
    assert time.monotonic() - began < LEASE + 7
    assert deployment.cli("jobs", "check", "--job-type", "scheduler").returncode == 1
    assert deployment.cli("jobs", "check", "--job-type", "processor").returncode == 0
    assert answer(ports["PARSING"]) == 200, "who idles beside it is live"

    stopped.resume()
    supervisor.resume()
    deployment.until("green again", lambda: answer(ports["SCHEDULER"]) == 200)
    deployment.until("the worker lives again", lambda: "worker" in living(deployment))
    deployment.until("the scheduler lives again", lambda: "scheduler" in living(deployment))
    assert deployment.stop() == {"scheduler": 0, "processor": 0, "worker": 0}


def living(deployment) -> set[str]:
    """The kinds of which one lives, by the leases."""
    with deployment.database.read() as connection:
        return set(daemons.live_kinds(connection, sql_now=SystemClock().sql_now()))

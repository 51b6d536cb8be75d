"""The health endpoint of a daemon without a web server, for probes: `GET /livez` or `/health`.

It answers from what the loop itself has marked, so it is red when the loop stands still, though this thread does not; of a
process that is stopped as a whole no answer comes. It asks no database: an outage of that is no reason to restart a daemon.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.config import Config
from tradewind.notify import seconds_since_beat

PATHS = frozenset({"/livez", "/health"})


class Probe:
    """An open health endpoint, or none; `close` ends it."""

    def __init__(self, server: ThreadingHTTPServer | None = None) -> None:
        self._server = server

    @property
    def port(self) -> int | None:
        """The port that it listens on."""
        return None if self._server is None else int(self._server.server_address[1])

    def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


def open_probe(
    is_enabled: bool, config: Config, section: str, *, age: Callable[[], float | None] = seconds_since_beat
) -> Probe:
    """Open the endpoint if it is asked for.

    Arguments:
        section: of the configuration, which has the port.
        age: seconds since the loop last moved; None before it was ready.
    Raises:
        CommandError: when the port is taken.
    """
    if not is_enabled:
        return Probe()
    host, port = config.scheduler.health_check_host, getattr(config, section).health_check_port
    try:
        server = ThreadingHTTPServer((host, port), _handler(age, limit=config.leases.duration))
    except OSError as error:
        raise CommandError(
            f"The health check cannot listen on {host}:{port}: {error.strerror}. Set {section}.health_check_port to "
            f"another port, or {section}.enable_health_check to false.",
            error_id="port-in-use",
        ) from error
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="tradewind-probe", daemon=True).start()
    return Probe(server)


def require_probes_free(config: Config) -> None:
    """Return if every endpoint that the configuration asks for could be opened now.

    Raises:
        CommandError: naming the port that is taken, and its keys.
    """
    for section in ("scheduler", "parsing", "executor"):
        open_probe(getattr(config, section).enable_health_check, config, section).close()


def liveness(age: float | None, limit: float) -> tuple[int, dict[str, Any]]:
    """Return the HTTP status and the report of a loop that last moved so many seconds ago."""
    if age is None:
        return 503, {"status": "starting"}
    is_live = age <= limit
    return (200 if is_live else 503), {
        "status": "healthy" if is_live else "stalled",
        "seconds_since_turn": round(age, 1),
    }


def _handler(age: Callable[[], float | None], *, limit: float) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # who connects and says nothing is let go

        def do_GET(self) -> None:
            status, report = liveness(age(), limit) if self.path in PATHS else (404, {"status": "not found"})
            body = json.dumps(report).encode() + b"\n"
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Say nothing: a probe asks every few seconds."""

    return Handler

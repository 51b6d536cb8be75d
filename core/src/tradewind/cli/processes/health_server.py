"""The web server of a daemon that has no other: it answers probes from a thread of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATHS = frozenset({"/livez", "/health"})


def serve(host: str, port: int, age: Callable[[], float | None], *, limit: float) -> ThreadingHTTPServer:
    """Begin to answer; return the server, whose `shutdown` and `server_close` end that.

    Arguments:
        age: seconds since the loop last moved; None before it was ready.
        limit: of the age, in seconds.
    Raises:
        OSError: the port cannot be listened on.
    """
    server = ThreadingHTTPServer((host, port), _handler(age, limit=limit))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="tradewind-probe", daemon=True).start()
    return server


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

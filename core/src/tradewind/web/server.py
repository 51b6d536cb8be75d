"""Serving the application with waitress: pure Python, threads, slow clients hold none of them, ends cleanly on a signal."""

from __future__ import annotations

import logging
import signal
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from waitress import wasyncore
from waitress.server import create_server

from tradewind.access.secret_key import Presence
from tradewind.api.execution.blueprint import MIB
from tradewind.api.execution.blueprint import NAME as EXECUTION
from tradewind.config import Config
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.web.app import create_app
from tradewind.web.tls import LOOPBACK, TlsFront, server_context

TURN_SECONDS = 1.0
CONNECTIONS = 1000
LARGEST_REQUEST = 64 * 1024 * 1024  # bytes; what an address may send has a limit of its own
SILENCE_SECONDS = 60  # after which a connection is closed on which nothing comes


def serve(
    config: Config,
    database: Database,
    *,
    on_ready: Callable[[str], None],
    on_turn: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT; requests under way get their answers, unless a second signal comes.

    Arguments:
        on_ready: told the URL once the port is open.
        on_turn: called each time the server's loop has turned, once a second or more often.
    Raises:
        OSError: when the port is taken, or the certificate cannot be read.
        ConfigError: `webserver_config.py` cannot work, or another web server lives whose key differs.
    """
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    app = create_app(config, database)
    presence = Presence(database, app.config["SECRET_KEY"], server=str(uuid.uuid4()), now=SystemClock().now)
    presence.begin()
    try:
        with _door(config, app) as door:
            on_stop = app.extensions[EXECUTION].close
            _serve_until_told(door, on_ready=on_ready, on_turn=on_turn, on_stop=on_stop)
    finally:
        presence.end()


@dataclass(frozen=True)
class _Door:
    """Where clients come in: the URL, and the server behind it with its sockets."""

    url: str
    server: Any
    sockets: dict[int, Any]


@contextmanager
def _door(config: Config, app: Any) -> Iterator[_Door]:
    web, workers = config.web, config.execution_api
    context = None
    if web.ssl_certificate:
        context = server_context(Path(web.ssl_certificate), Path(web.ssl_key) if web.ssl_key else None)
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    listener = behind = socket.create_server((web.host, web.port), family=family)
    front = None
    if context is not None:
        behind = socket.create_server((LOOPBACK, 0))
        front = TlsFront(listener, context, behind.getsockname()[1])
        app = front.telling_clients(app)
        front.start()
    sockets: dict[int, Any] = {}
    server = create_server(
        app,
        map=sockets,
        sockets=[behind],
        # A worker that waits for work holds a thread, so those come on top: people find as many as without workers
        threads=web.threads + (workers.waiting if workers.secret else 0),
        ident="tradewind",
        url_prefix=urlsplit(web.base_url).path.rstrip("/"),
        url_scheme="https" if front else "http",
        max_request_body_size=max(LARGEST_REQUEST, workers.max_value * MIB + 1 if workers.secret else 0),
        connection_limit=CONNECTIONS,
        channel_timeout=SILENCE_SECONDS,
    )
    try:
        yield _Door(f"http{'s' if front else ''}://{web.host}:{listener.getsockname()[1]}", server, sockets)
    finally:
        server.close()
        if front is not None:
            front.close()


def _serve_until_told(
    door: _Door, *, on_ready: Callable[[str], None], on_turn: Callable[[], None], on_stop: Callable[[], None]
) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    on_ready(door.url)
    try:
        while True:
            wasyncore.loop(timeout=TURN_SECONDS, use_poll=True, map=door.sockets, count=1)
            on_turn()
    except SystemExit:
        on_stop()
        door.server.task_dispatcher.shutdown()

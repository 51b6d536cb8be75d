"""Serving the application with waitress: pure Python, threads, ends cleanly on a signal."""

from __future__ import annotations

import logging
import signal
import socket
import uuid
from collections.abc import Callable
from types import FrameType
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from tradewind.access.secret_key import Presence
from tradewind.config import Config
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.web.app import create_app

THREADS = 4
TURN_SECONDS = 1.0


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
        OSError: when the port is taken.
        ConfigError: `webserver_config.py` cannot work, or another web server lives whose key differs.
    """
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    app = create_app(config, database)
    presence = Presence(database, app.config["SECRET_KEY"], server=str(uuid.uuid4()), now=SystemClock().now)
    presence.begin()
    family = socket.AF_INET6 if ":" in config.web.host else socket.AF_INET
    listener = socket.create_server((config.web.host, config.web.port), family=family)
    sockets: dict[int, Any] = {}
    server = create_server(app, map=sockets, sockets=[listener], threads=THREADS, ident="tradewind")

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    on_ready(f"http://{config.web.host}:{listener.getsockname()[1]}")
    try:
        while True:
            wasyncore.loop(timeout=TURN_SECONDS, use_poll=True, map=sockets, count=1)
            on_turn()
    except SystemExit:
        server.task_dispatcher.shutdown()
    finally:
        server.close()
        presence.end()

"""Serving the application with waitress: pure Python, threads, ends cleanly on a signal."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType

from waitress.server import create_server

from tradewind.config import Config
from tradewind.metadata.engine import Database
from tradewind.web.app import create_app

THREADS = 4


def serve(config: Config, database: Database, *, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Arguments:
        on_ready: told the URL once the port is open.
    Raises:
        OSError: when the port is taken.
    """
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    family = socket.AF_INET6 if ":" in config.web.host else socket.AF_INET
    listener = socket.create_server((config.web.host, config.web.port), family=family)
    server = create_server(create_app(config, database), sockets=[listener], threads=THREADS, ident="tradewind")

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    on_ready(f"http://{config.web.host}:{listener.getsockname()[1]}")
    try:
        server.run()
    finally:
        server.close()

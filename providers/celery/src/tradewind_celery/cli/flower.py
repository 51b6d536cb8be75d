"""Serve Flower, Celery's page about workers and their messages."""

from __future__ import annotations

import argparse
import importlib.util
import os

from tradewind_plugins.exceptions import TradewindOptionalProviderFeatureException
from tradewind_plugins.host import current

from tradewind_celery.app import make_app
from tradewind_celery.options import NAME as EXECUTOR
from tradewind_celery.options import CeleryOptions

__all__ = ["configure", "run"]

PORT = 5555
LOGIN = "FLOWER_BASIC_AUTH"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument(
        "-p", "--port", type=int, default=PORT, metavar="N", help=f"port that it serves (default: {PORT})"
    )
    parser.add_argument("--address", default="127.0.0.1", help="address that it serves (default: 127.0.0.1)")
    parser.add_argument("-u", "--url-prefix", default="", metavar="PATH", help="path below which a proxy serves it")
    parser.add_argument(
        "--basic-auth",
        metavar="NAME:PASSWORD",
        help=f"logins with commas between them; better given as the variable {LOGIN}, which nobody else reads",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl+C.

    Raises:
        TradewindOptionalProviderFeatureException: Flower is not installed.
    """
    if importlib.util.find_spec("flower") is None:
        raise TradewindOptionalProviderFeatureException(
            "Flower is not installed here; run: pip install 'tradewind-celery[flower]'"
        )
    app = make_app(CeleryOptions.of(current().executor_setup(EXECUTOR)), sends=False)
    if options.basic_auth:
        os.environ[LOGIN] = options.basic_auth
    words = ["flower", f"--address={options.address}", f"--port={options.port}"]
    if options.url_prefix:
        words.append(f"--url-prefix={options.url_prefix}")
    # In this process, as the broker's password would stand in the words of another one
    app.start(argv=words)
    return 0

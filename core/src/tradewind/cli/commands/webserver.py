"""Serve the web page and /health; the first start makes an administrator's password, which is printed once."""

from __future__ import annotations

import argparse

from tradewind.cli.admin import tell_admin_password
from tradewind.cli.listening import cannot_listen, require_free
from tradewind.cli.session import open_session
from tradewind.web.server import serve


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("--host", help="address to listen on (default: web.host of the configuration)")
    parser.add_argument("--port", type=int, help="port to listen on (default: web.port of the configuration)")
    parser.set_defaults(run=webserver)


def webserver(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or Ctrl+C."""
    given = {("web", "host"): options.host, ("web", "port"): options.port}
    with open_session(overrides={key: value for key, value in given.items() if value is not None}) as session:
        web = session.config.web
        require_free(web.host, web.port)
        tell_admin_password(session.config.home)
        try:
            serve(session.config, session.database, on_ready=lambda url: print(f"Listening on {url}", flush=True))
        except OSError as error:
            raise cannot_listen(web.host, web.port, error) from error

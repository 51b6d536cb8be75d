"""Serve the web page and /health; the first start makes an administrator's password, which is printed once."""

from __future__ import annotations

import argparse

from tradewind import notify
from tradewind.cli.daemons.admin import tell_admin_password, tell_admin_password_ahead
from tradewind.cli.daemons.listening import cannot_listen, require_free
from tradewind.cli.processes.daemon import add_daemon_options, run_daemon
from tradewind.cli.shared.session import open_session
from tradewind.daemon_log import DaemonFiles, configure_log
from tradewind.web.server import serve

NAME = "webserver"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument(
        "-H", "--host", "--hostname", help="address to listen on (default: web.host of the configuration)"
    )
    parser.add_argument("-p", "--port", type=int, help="port to listen on (default: web.port of the configuration)")
    add_daemon_options(parser, NAME)
    parser.set_defaults(run=webserver)


def webserver(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or Ctrl+C."""
    run_daemon(
        options,
        NAME,
        lambda files: _work(options, files),
        prepare=tell_admin_password_ahead,
    )


def _work(options: argparse.Namespace, files: DaemonFiles) -> None:
    given = {("web", "host"): options.host, ("web", "port"): options.port}
    overrides = {key: value for key, value in given.items() if value is not None}
    with open_session(overrides=overrides, is_daemon=True, changes_states=True) as session:
        web = session.config.web
        configure_log(session.config, files, NAME)
        require_free(web.host, web.port)
        tell_admin_password(session)
        try:
            serve(session.config, session.database, on_ready=_ready, on_turn=notify.beat)
        except OSError as error:
            raise cannot_listen(web.host, web.port, error) from error


def _ready(url: str) -> None:
    print(f"Listening on {url}", flush=True)
    notify.ready(f"Listening on {url}")

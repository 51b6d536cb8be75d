"""The health endpoint of a daemon without a web server, for probes: `GET /livez` or `/health`.

It answers from what the loop itself has marked, so it is red when the loop stands still, though this thread does not; of a
process that is stopped as a whole no answer comes. It asks no database: an outage of that is no reason to restart a daemon.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tradewind.cli.errors import CommandError
from tradewind.config import Config
from tradewind.notify import seconds_since_beat

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer


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
    # Only where it is asked for: the standard library's web server is 1 MB that most daemons do without
    from tradewind.cli.processes.health_server import serve  # noqa: PLC0415

    host, port = config.scheduler.health_check_host, getattr(config, section).health_check_port
    try:
        return Probe(serve(host, port, age, limit=config.leases.duration))
    except OSError as error:
        raise CommandError(
            f"The health check cannot listen on {host}:{port}: {error.strerror}. Set {section}.health_check_port to "
            f"another port, or {section}.enable_health_check to false.",
            error_id="port-in-use",
        ) from error


def require_probes_free(config: Config) -> None:
    """Return if every endpoint that the configuration asks for could be opened now.

    Raises:
        CommandError: naming the port that is taken, and its keys.
    """
    for section in ("scheduler", "parsing", "executor", "triggerer"):
        open_probe(getattr(config, section).enable_health_check, config, section).close()

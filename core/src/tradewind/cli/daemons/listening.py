"""Can the web server have its port?"""

from __future__ import annotations

import errno
import socket

from tradewind.cli.errors import CommandError

LARGEST_PORT = 65_535


def require_free(host: str, port: int) -> None:
    """Return if a server could listen there now.

    Raises:
        CommandError: naming address, reason and the way out.
    """
    if not 0 <= port <= LARGEST_PORT:
        raise CommandError(
            f"There is no port {port}: give one from 0 (any that is free) to {LARGEST_PORT}.", error_id="wrong-usage"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise cannot_listen(host, port, error) from error


def cannot_listen(host: str, port: int, error: OSError) -> CommandError:
    """Return the error that says so to people."""
    # Python writes the address into the reason as well; once is enough
    reason = str(error.strerror).partition(" (while")[0]
    if error.errno == errno.EADDRINUSE:
        reason += ", perhaps by a Tradewind that runs already"
    return CommandError(
        f"Cannot listen on {host}:{port}: {reason}. Give another port with --port or web.port.", error_id="port-in-use"
    )

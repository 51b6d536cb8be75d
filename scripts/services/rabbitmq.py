"""A real RabbitMQ, from the system's packages, in a temporary folder, on free loopback ports, with an epmd of its own."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from services.processes import Restartable, find_binary, free_port, server, temporary_folder

MISSING = "There is no RabbitMQ on this machine: run scripts/install_services."
SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""That of the package which runs as whoever calls it; the one in PATH changes the user."""


class RabbitMQ(Restartable):
    """A server that can be stopped and started again; `url` is where it is."""

    url = ""

    @contextmanager
    def away(self) -> Iterator[None]:
        """Have it stopped until the block ends."""
        self.stop(signal.SIGKILL)
        try:
            yield
        finally:
            self.start()

    def stop(self, number: signal.Signals) -> None:
        """Stop the server's processes by a signal: a script, and the machine that it starts."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            self.process.wait(60)
            self.process = None


def is_installed() -> bool:
    """Tell whether this machine has the server."""
    return SCRIPT.exists() and find_binary("epmd") is not None


@contextmanager
def rabbitmq_server() -> Iterator[str]:
    """Run a server until the block ends; yield its URL. It takes ten seconds to start."""
    with rabbitmq_that_restarts() as made:
        yield made.url


@contextmanager
def rabbitmq_that_restarts() -> Iterator[RabbitMQ]:
    """Run a server until the block ends; yield it. What is persistent outlives its restarts."""
    if not is_installed():
        raise RuntimeError(MISSING)
    with temporary_folder("tradewind-rabbitmq-") as root:
        names, port = free_port(), free_port()
        epmd = [find_binary("epmd"), "-port", names, "-address", "127.0.0.1"]
        with server(epmd, root, lambda: socket.create_connection(("127.0.0.1", names), timeout=5).close()):
            made = RabbitMQ([*_environment(root, names, port), SCRIPT], root, lambda: _greeted(port))
            made.url = f"amqp://guest:guest@127.0.0.1:{port}//"
            try:
                made.start()
                yield made
            finally:
                made.stop(signal.SIGKILL)


def _environment(root: Path, names: int, port: int) -> list[Any]:
    """Return the words in front of the command that give it an environment."""
    (root / "plugins").write_text("[].\n")
    (root / "settings.conf").write_text("loopback_users.guest = true\n")
    variables = {
        "HOME": root,
        "RABBITMQ_NODENAME": f"tradewind{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": port,
        "RABBITMQ_DIST_PORT": free_port(),
        "RABBITMQ_MNESIA_BASE": root / "data",
        "RABBITMQ_LOG_BASE": root / "logs",
        "RABBITMQ_PID_FILE": root / "pid",
        "RABBITMQ_ENABLED_PLUGINS_FILE": root / "plugins",
        "RABBITMQ_CONFIG_FILE": root / "settings",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": names,
    }
    return ["env", *(f"{name}={value}" for name, value in variables.items())]


def _greeted(port: int) -> None:
    """Return if the server asks back: its port may be open before it answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"AMQP\x00\x00\x09\x01")
        if not client.recv(8):
            raise ConnectionError("RabbitMQ is not ready")

"""A real Redis server, from the system's packages, in a temporary folder, on a free loopback port."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.processes import Restartable, find_binary, free_port, temporary_folder

MISSING = "There is no redis-server on this machine: run scripts/install_services."
PASSWORD = "open sesame"  # noqa: S105 - of a server that exists as long as the tests run


class Redis(Restartable):
    """A server that can be stopped and started again; `url` is where it is."""

    url = ""

    @contextmanager
    def away(self) -> Iterator[None]:
        """Have it stopped until the block ends."""
        self.stop(signal.SIGTERM)
        try:
            yield
        finally:
            self.start()


def is_installed() -> bool:
    """Tell whether this machine has the server."""
    return find_binary("redis-server") is not None


@contextmanager
def redis_server() -> Iterator[str]:
    """Run a server until the block ends; yield its URL."""
    with redis_that_restarts(keeps=False) as server:
        yield server.url


@contextmanager
def redis_that_restarts(*, keeps: bool = True, extra: tuple[Any, ...] = ()) -> Iterator[Redis]:
    """Run a server until the block ends; yield it.

    Arguments:
        keeps: whether it writes each change to its folder, so that nothing is lost when it is killed.
        extra: further words of its command.
    """
    binary = find_binary("redis-server")
    if binary is None:
        raise RuntimeError(MISSING)
    with temporary_folder("tradewind-redis-") as root:
        port = free_port()
        made = Redis(_command(binary, port, root, keeps=keeps) + list(extra), root, lambda: _answered(port))
        made.url = f"redis://:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{port}/0"
        made.start()
        try:
            yield made
        finally:
            made.stop(signal.SIGTERM)


def _command(binary: str, port: int, root: Path, *, keeps: bool) -> list[Any]:
    files = ["--appendonly", "yes", "--appendfsync", "always"] if keeps else ["--appendonly", "no"]
    words = [binary, "--bind", "127.0.0.1", "--port", port, "--dir", root, "--save", "", "--requirepass", PASSWORD]
    return [*words, *files]


def _answered(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(f"*2\r\n$4\r\nAUTH\r\n${len(PASSWORD)}\r\n{PASSWORD}\r\n*1\r\n$4\r\nPING\r\n".encode())
        said = b""
        while b"+PONG" not in said:
            more = client.recv(64)
            said += more
            if not more or b"-" in said:  # gone, or an error such as that it still loads
                raise ConnectionError(f"Redis is not ready: {said!r}")

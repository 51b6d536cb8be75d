"""TLS in front of the server: waitress speaks plain HTTP, and its loop cannot share a connection's TLS state with its threads.

A thread with an event loop of its own ends TLS and passes the bytes on to waitress over the loopback. What comes to that port
by another way is refused, and the server learns each client's own address.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
CHUNK = 65_536
HANDSHAKE_SECONDS = 10.0
BEHIND_SECONDS = 1.0
"""The loopback answers at once, or not at all."""

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def server_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Return what a server's TLS goes by: Python's own choice of versions and ciphers.

    Arguments:
        certificate: PEM file with the certificate and those of the authorities between it and the root.
        key: PEM file of its private key; None where `certificate` has it too.
    Raises:
        OSError: a file cannot be read, or is none of the kind.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


class TlsFront:
    """Ends TLS on one port and passes what is in it on to another, on the loopback.

    Arguments:
        listener: where clients connect.
        context: the certificate and its key.
        port: of the server behind, on the loopback.
    """

    def __init__(self, listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
        self._listener = listener
        self._context = context
        self._port = port
        self._clients: dict[int, tuple[str, int]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="tls", daemon=True)

    def start(self) -> None:
        """Begin to accept connections."""
        self._thread.start()

    def close(self) -> None:
        """Accept no more, and end what is open."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._listener.close()

    def telling_clients(self, application: Application) -> Application:
        """Return the application as it is behind this front: it sees each client's address, and nobody else's requests."""

        def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            client = self._clients.get(int(environ["REMOTE_PORT"]))
            if client is None:
                start_response("403 Forbidden", [("Content-Type", "text/plain")])
                return [b"This port is for the server itself: use https.\n"]
            environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
            environ["REMOTE_HOST"] = client[0]
            return application(environ, start_response)

        return answer

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(
                asyncio.start_server(
                    self._serve, sock=self._listener, ssl=self._context, ssl_handshake_timeout=HANDSHAKE_SECONDS
                )
            )
            self._loop.run_forever()
            open_ones = asyncio.all_tasks(self._loop)
            for task in open_ones:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*open_ones, return_exceptions=True))
        finally:
            self._loop.close()

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            behind = socket.create_connection((LOOPBACK, self._port), timeout=BEHIND_SECONDS)
        except OSError:
            to_client.close()  # the server is ending, or this process has as many connections as it may have
            return
        name = behind.getsockname()[1]
        self._clients[name] = to_client.get_extra_info("peername")[:2]
        from_server, to_server = await asyncio.open_connection(sock=behind)
        try:
            await asyncio.gather(_copy(from_client, to_server), _copy(from_server, to_client))
        finally:
            for writer in (to_server, to_client):
                writer.close()
            del self._clients[name]


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side has ended; the other then ends too."""
    # A client that goes away is nothing to tell of
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await source.read(CHUNK):
            sink.write(data)
            await sink.drain()
    # TLS has no half-closed connections: the end of one direction is that of both
    sink.close()

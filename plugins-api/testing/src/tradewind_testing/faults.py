"""What goes wrong between a client and its service, made on purpose: a TCP proxy that can refuse, fall silent and cut."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from types import TracebackType

__all__ = ["FaultProxy", "closed_port"]

_RESET = struct.pack("ii", 1, 0)
_TOO_MANY = (
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 9\r\nConnection: close\r\n\r\nslow down"
)
_CHUNK = 65536


def closed_port(host: str = "127.0.0.1") -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


class FaultProxy:
    """Hands a service's bytes on, until it is told to do otherwise. Used as a context manager.

    Its `mode` is for connections that come and for those that are there:

    - `pass`: bytes go both ways.
    - `refuse`: connections that come are reset at once, and those that are there too.
    - `silent`: connections are taken, and nothing is ever answered.
    - `throttle`: whatever comes is answered as HTTP 429, without asking the service.

    Arguments:
        host: of the service.
        port: of the service.
    """

    def __init__(self, host: str, port: int) -> None:
        self.service = (host, port)
        self.host = "127.0.0.1"
        self.port = 0
        self._mode = "pass"
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._listener = socket.socket()

    def __enter__(self) -> FaultProxy:
        self._listener.bind((self.host, 0))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    @property
    def mode(self) -> str:
        """What is done with bytes now."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        if mode not in {"pass", "refuse", "silent", "throttle"}:
            raise ValueError(f"a fault proxy has no mode {mode!r}")
        self._mode = mode
        if mode in {"refuse", "throttle"}:
            self.cut()

    def cut(self) -> None:
        """Reset the connections that are there; later ones are treated as the mode says."""
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for each in sockets:
            _reset(each)

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if self._mode == "refuse":
            _reset(client)
            return
        with self._lock:
            self._sockets.append(client)
        if self._mode == "throttle":
            _throttle(client)
            return
        try:
            service = socket.create_connection(self.service, timeout=10)
        except OSError:
            _reset(client)
            return
        service.settimeout(None)
        with self._lock:
            self._sockets.append(service)
        threading.Thread(target=self._hand_on, args=(client, service), daemon=True).start()
        self._hand_on(service, client)

    def _hand_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                data = source.recv(_CHUNK)
                if not data:
                    break
                if self._mode == "silent":
                    continue
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def _throttle(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        client.settimeout(10)
        client.recv(_CHUNK)
        client.sendall(_TOO_MANY)
        client.shutdown(socket.SHUT_WR)
        while client.recv(_CHUNK):
            continue
    client.close()


def _reset(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        # A thread that waits in recv keeps the socket open until it is told
        each.shutdown(socket.SHUT_RDWR)
    each.close()

"""A port of this machine that leads through an SSH connection to a port that its server reaches."""

from __future__ import annotations

import logging
import select
import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    import paramiko
else:
    paramiko = lazy_client("paramiko", extra="ssh")

__all__ = ["Tunnel"]

_CHUNK = 65536
_OPEN_SECONDS = 30.0


class Tunnel:
    """Listens on a local port and leads what comes there to a remote one, from `start` to `stop`, or in a `with` block.

    Arguments:
        hook: gives the connected client.
        remote_host: where to, as the server sees it.
        remote_port: the TCP port there.
        local_port: the TCP port of this machine's loopback address; 0 for a free one.
    """

    def __init__(self, hook: Any, remote_host: str, remote_port: int, local_port: int = 0) -> None:
        self._hook = hook
        self._target = (remote_host, remote_port)
        self._wanted = local_port
        self._listener: socket.socket | None = None
        self._client: paramiko.SSHClient | None = None
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()
        self.local_bind_host = "127.0.0.1"
        self.local_bind_port = local_port

    @property
    def local_bind_address(self) -> tuple[str, int]:
        """Host and port to connect to."""
        return self.local_bind_host, self.local_bind_port

    @property
    def is_active(self) -> bool:
        """Whether it listens and its connection lives."""
        transport = None if self._client is None else self._client.get_transport()
        return self._listener is not None and transport is not None and transport.is_active()

    @property
    def log(self) -> logging.Logger:
        """The logger of tunnels."""
        return logging.getLogger(__name__)

    def start(self) -> None:
        """Connect, and listen.

        Raises:
            ConnectionFailed: the server cannot be reached, or refuses the login.
            TradewindException: the local port is taken.
        """
        self._client = self._hook.get_ssh_client()
        listener = socket.socket()
        try:
            listener.bind((self.local_bind_host, self._wanted))
        except OSError as error:
            listener.close()
            raise TradewindException(f"local port {self._wanted} cannot be had for the tunnel: {error}") from None
        listener.listen(20)
        listener.settimeout(0.2)  # so that `stop` is noticed
        self._listener = listener
        self.local_bind_port = listener.getsockname()[1]
        self._over.clear()
        self._in_thread(self._accept, listener)

    def stop(self) -> None:
        """Cut all that goes through it, and listen no more; the hook's connection stays."""
        self._over.set()
        for thread in self._threads:
            thread.join(5)
        self._threads = []
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    close = stop

    def __enter__(self) -> Tunnel:
        if self._listener is None:
            self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _in_thread(self, function: Any, *args: Any) -> None:
        thread = threading.Thread(target=function, args=args, name="ssh-tunnel", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._over.is_set():
            try:
                local, origin = listener.accept()
            except TimeoutError:
                continue
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            self._in_thread(self._lead, local, origin)

    def _lead(self, local: socket.socket, origin: tuple[str, int]) -> None:
        transport: Any = None if self._client is None else self._client.get_transport()
        with local:
            if transport is None:
                self.log.warning("The tunnel to %s:%d has no connection any more", *self._target)
                return
            try:
                channel = transport.open_channel("direct-tcpip", self._target, origin, timeout=_OPEN_SECONDS)
            except (paramiko.SSHException, OSError, EOFError) as error:
                self.log.warning("The tunnel to %s:%d does not lead there: %s", *self._target, error)
                return
            with ExitStack() as stack:
                stack.callback(channel.close)
                try:
                    self._pump(local, channel)
                except OSError as error:
                    self.log.info("A connection through the tunnel was cut: %s", error)

    def _pump(self, local: socket.socket, channel: paramiko.Channel) -> None:
        """Carry bytes both ways until both sides are done, or the tunnel stops."""
        open_ends: set[Any] = {local, channel}
        while open_ends and not self._over.is_set():
            readable, _, _ = select.select(list(open_ends), [], [], 0.2)
            for end in readable:
                chunk = end.recv(_CHUNK)
                if end is local:
                    if chunk:
                        channel.sendall(chunk)
                    else:
                        channel.shutdown_write()
                elif chunk:
                    local.sendall(chunk)
                else:
                    local.shutdown(socket.SHUT_WR)
                if not chunk:
                    open_ends.discard(end)

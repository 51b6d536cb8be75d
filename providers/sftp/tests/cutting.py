"""What stands between a client and a server, and cuts the connection, or falls silent, after so many bytes."""

from __future__ import annotations

import socket
import threading


class Cutter:
    """Listens on a free loopback port and carries bytes to a server and back.

    Arguments:
        host: the server's address.
        port: its TCP port.
    """

    def __init__(self, host, port):
        self.target = (host, port)
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(20)
        self.port = self.listener.getsockname()[1]
        self.after = None
        self.falls_silent = False
        self.heals = False
        self.has_struck = threading.Event()
        self.pairs = []
        self.threads = []
        self._in_thread(self._accept)

    def _in_thread(self, function, *args):
        thread = threading.Thread(target=function, args=args, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.target)
            pair = (near, far)
            self.pairs.append(pair)
            for source, sink in (pair, pair[::-1]):
                self._in_thread(self._carry, source, sink, pair)

    def _carry(self, source, sink, pair):
        try:
            while True:
                chunk = source.recv(16384)
                if not chunk:
                    break
                if self.after is not None:
                    self.after -= len(chunk)
                    if self.after < 0:
                        self.has_struck.set()
                        if self.falls_silent:
                            continue
                        if self.heals:
                            self.after = None
                        break
                sink.sendall(chunk)
        except OSError:
            pass
        for end in pair:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def heal(self):
        """Carry again whatever comes."""
        self.after = None

    def close(self):
        """End it all."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for pair in self.pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
        for thread in self.threads:
            thread.join(5)
        for pair in self.pairs:
            for end in pair:
                end.close()

from __future__ import annotations

import os
import shutil
import socket
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tradewind_plugins.connection import Connection


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


def require(name, is_there, missing):
    """Skip the test where a service is not installed; in CI, which installs all of them, fail."""
    if is_there:
        return
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def sshd():
    """The connection to a real OpenSSH server, started once a session; `TRADEWIND_TEST_SSHD` names a running one instead."""
    running = os.environ.get("TRADEWIND_TEST_SSHD")
    if running:
        yield Connection.from_uri(running, "sftp_default").replace(conn_type="sftp")
        return
    from services import sshd as service  # noqa: PLC0415 - not where the server runs already

    require("OpenSSH", service.is_installed(), service.MISSING)
    with service.sshd_server() as url:
        yield Connection.from_uri(url, "sftp_default").replace(conn_type="sftp")


@pytest.fixture
def desk(host, sshd, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))  # no keys, known hosts and settings of whoever runs the tests
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    host.add_connection(sshd)
    return host


@pytest.fixture
def change(desk, sshd):
    """Change the connection: fields of it, and keys of its extra, of which None takes one away."""

    def changed(extra=None, **fields):
        merged = {**sshd.extra_dejson, **(extra or {})}
        kept = {name: value for name, value in merged.items() if value is not None}
        desk.add_connection(sshd.replace(extra=kept, **fields))

    return changed


@pytest.fixture
def remote(desk, sshd):
    """A folder on the server, empty, as this machine sees it; the user who logs in may write there."""
    home = Path(sshd.schema)
    folder = home / "work"
    folder.mkdir()
    os.chown(str(folder), home.stat().st_uid, home.stat().st_gid)
    yield folder
    shutil.rmtree(str(folder))


@pytest.fixture
def local(tmp_path):
    """A folder of this machine, empty."""
    folder = tmp_path / "local"
    folder.mkdir()
    return folder


@pytest.fixture
def cutter(sshd):
    """What stands between the client and the server, and cuts."""
    with closing(Cutter(sshd.host, sshd.port)) as made:
        yield made

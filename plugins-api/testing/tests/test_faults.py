"""The proxy makes the faults that it is told to make."""

from __future__ import annotations

import socket
import threading
from http.client import HTTPConnection

import pytest
from tradewind_testing import FaultProxy, closed_port


@pytest.fixture
def echo():
    """The address of a server that sends back what it gets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(client,), daemon=True).start()

    def answer(client):
        with client:
            try:
                while data := client.recv(100):
                    client.sendall(data)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def ask(client, data=b"x"):
    """Return the answer; an orderly end is an error, as a reset is."""
    client.sendall(data)
    answer = client.recv(100)
    if not answer:
        raise ConnectionResetError("reset by an orderly end")
    return answer


def test_bytes_pass_until_the_connection_is_cut(echo):
    with FaultProxy(*echo) as proxy, socket.create_connection((proxy.host, proxy.port), 10) as client:
        assert ask(client) == b"x"
        proxy.cut()
        with pytest.raises(OSError, match=r"[Rr]eset|[Bb]roken"):
            ask(client)
        with socket.create_connection((proxy.host, proxy.port), 10) as again:
            assert ask(again) == b"x"


def ask_anew(proxy):
    with socket.create_connection((proxy.host, proxy.port), 10) as client:
        return ask(client)


def test_it_refuses(echo):
    with FaultProxy(*echo) as proxy:
        proxy.mode = "refuse"
        with pytest.raises(OSError, match=r"[Rr]eset|[Bb]roken"):
            ask_anew(proxy)


def test_it_falls_silent_and_speaks_again(echo):
    with FaultProxy(*echo) as proxy:
        proxy.mode = "silent"
        with socket.create_connection((proxy.host, proxy.port), 0.2) as client, pytest.raises(TimeoutError):
            ask(client)
        proxy.mode = "pass"
        with socket.create_connection((proxy.host, proxy.port), 10) as client:
            assert ask(client) == b"x"


def test_it_throttles(echo):
    with FaultProxy(*echo) as proxy:
        proxy.mode = "throttle"
        client = HTTPConnection(proxy.host, proxy.port, timeout=10)
        client.request("GET", "/")
        answer = client.getresponse()
        assert (answer.status, answer.getheader("Retry-After"), answer.read()) == (429, "0", b"slow down")
        client.close()


def test_a_mode_that_it_has_not_is_named(echo):
    with FaultProxy(*echo) as proxy, pytest.raises(ValueError, match="no mode 'sleepy'"):
        proxy.mode = "sleepy"


def test_nobody_listens_on_a_closed_port():
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", closed_port()), 10)

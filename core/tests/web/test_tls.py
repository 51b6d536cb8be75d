"""TLS in front of the server: real connections, bodies of any size, and nobody gets in behind it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tradewind.web.tls import LOOPBACK, TlsFront, server_context
from waitress import wasyncore
from waitress.server import create_server

MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with a key and the certificate that it signed for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    path.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return path


def echo(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [("X-Client", f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}")])
    while data := environ["wsgi.input"].read(MEBIBYTE):
        yield data


@pytest.fixture
def ports(certificate: Path) -> Iterator[tuple[int, int]]:
    """The port that speaks TLS, and the one behind it."""
    listener, behind = socket.create_server((LOOPBACK, 0)), socket.create_server((LOOPBACK, 0))
    front = TlsFront(listener, server_context(certificate, None), behind.getsockname()[1])
    sockets: dict[int, Any] = {}
    server = create_server(front.telling_clients(echo), map=sockets, sockets=[behind], url_scheme="https")
    stop = threading.Event()

    def turn() -> None:
        while not stop.is_set():
            wasyncore.loop(timeout=0.05, use_poll=True, map=sockets, count=1)

    thread = threading.Thread(target=turn)
    thread.start()
    front.start()
    yield listener.getsockname()[1], behind.getsockname()[1]
    front.close()
    stop.set()
    thread.join()
    server.task_dispatcher.shutdown()
    wasyncore.close_all(sockets)


def connect(port: int, certificate: Path) -> HTTPSConnection:
    return HTTPSConnection(LOOPBACK, port, timeout=60, context=ssl.create_default_context(cafile=str(certificate)))


def test_requests_of_any_size_get_their_answers_on_one_connection(ports: tuple[int, int], certificate: Path) -> None:
    connection = connect(ports[0], certificate)
    for size in (0, 1, 100_000, 5 * MEBIBYTE):
        body = bytes(index % 251 for index in range(1000)) * (size // 1000) + b"x" * (size % 1000)
        connection.request("POST", "/", body)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("X-Client")) == (200, "127.0.0.1 https")
        assert answer.read() == body
    connection.close()


def test_what_comes_behind_it_is_refused(ports: tuple[int, int], certificate: Path) -> None:
    behind = HTTPConnection(LOOPBACK, ports[1], timeout=60)
    behind.request("GET", "/")
    assert behind.getresponse().status == 403
    behind.close()
    plain = HTTPConnection(LOOPBACK, ports[0], timeout=60)  # no TLS on the port for it
    plain.request("GET", "/")
    with pytest.raises((OSError, HTTPException)):
        plain.getresponse()
    plain.close()
    connection = connect(ports[0], certificate)  # nobody else is harmed by that
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    connection.close()


def test_clients_that_say_nothing_or_go_away_leave_it_healthy(ports: tuple[int, int], certificate: Path) -> None:
    silent = [socket.create_connection((LOOPBACK, ports[0])) for _ in range(20)]
    context = ssl.create_default_context(cafile=str(certificate))
    gone = context.wrap_socket(socket.create_connection((LOOPBACK, ports[0])), server_hostname=LOOPBACK)
    gone.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
    gone.close()
    connection = connect(ports[0], certificate)
    connection.request("POST", "/", b"hello")
    assert connection.getresponse().read() == b"hello"
    connection.close()
    for each in silent:
        each.close()


def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    with pytest.raises(OSError, match=r"PEM|NO_CERT|no start line"):
        server_context(tmp_path / "x.pem", None)

"""What a worker makes of the answers it gets: only the API's own word is definite, everything else is an outage."""

from __future__ import annotations

import dataclasses
import json
import ssl
import threading
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tradewind.config import Config, ConfigError, load
from tradewind.execution.http.connection import NotAdmitted, RefusedError, ServerConnection
from tradewind.execution.http.lifecycle import Caller, HttpLifecycle, Terms
from tradewind.execution.http.opening import open_caller
from tradewind.execution.http.tokens import Keys
from tradewind.execution.lifecycle import Unreachable
from tradewind.execution.messages import Beat, Start
from tradewind.execution.settings import worker_settings

SECRET = "planted-execution-secret-0123456789abcdef"
TERMS = Terms(10.0, 3.0, 600.0, 600.0, 300.0)
SIGN = {"Tradewind-Execution": "1"}
JSON = {"Content-Type": "application/json"}


@dataclasses.dataclass
class Scripted:
    """A real server that answers whatever it is told to."""

    url: str
    answers: list[tuple[int, dict[str, str], bytes]] = dataclasses.field(default_factory=list)
    heard: list[tuple[str, str, bytes]] = dataclasses.field(default_factory=list)

    def says(self, status: int, body: Any, *, is_api: bool = True, headers: dict[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, {**JSON, **(SIGN if is_api else {}), **(headers or {})}, data))

    def refuses(self, status: int, code: str, *, is_api: bool = True) -> None:
        self.says(status, {"status": status, "code": code, "detail": f"a sentence on {code}"}, is_api=is_api)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    scripted = Scripted("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            scripted.heard.append((self.command, self.path, body))
            status, headers, data = scripted.answers.pop(0)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(data))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = int(headers.get("Content-Length", len(data))) != len(data)

        do_GET = do_POST = do_PUT = answer  # noqa: N815  (the library's names)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    scripted.url = f"{'https' if context else 'http'}://localhost:{server.server_port}"
    try:
        yield scripted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server() -> Iterator[Scripted]:
    with serving() as scripted:
        yield scripted


def config_of(tmp_path: Path, url: str, **worker: str) -> Config:
    given = {"TRADEWIND__WORKER__SERVER": url, "TRADEWIND__EXECUTION_API__SECRET": SECRET}
    given |= {f"TRADEWIND__WORKER__{name.upper()}": value for name, value in worker.items()}
    return load(tmp_path, given).config


@contextmanager
def lifecycle_at(scripted: Scripted, tmp_path: Path) -> Iterator[HttpLifecycle]:
    config = config_of(tmp_path, scripted.url)
    with closing(ServerConnection(config.worker)) as connection:
        yield HttpLifecycle(worker_settings(config, "w1"), Caller(connection, Keys(SECRET), "w1"), TERMS)


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>Maintenance</html>", {}),
        (200, b"[]", {}),
        (200, {}, {}),
        (200, {"worker": "w1", "is_alive": "no", "tries": [], "passes": [], "has_callbacks": False}, {}),
        (200, {"worker": "another", "is_alive": False, "tries": [], "passes": [], "has_callbacks": False}, {}),
        (200, {"worker": "w1", "is_alive": True, "tries": [["x", 1]], "passes": [], "has_callbacks": False}, {}),
        (200, b'{"worker": "w1"', {"Content-Length": "5000"}),
        (200, b"[" * 100_000, {}),
        (204, b"", {}),
        (301, b"", {"Location": "http://elsewhere.example.com/"}),
        (404, b"not here", {}),
        (429, b"slowly", {}),
        (500, b"oh", {}),
        (502, b"bad gateway", {}),
        (503, {"status": 503, "code": "unreachable", "detail": "d"}, {}),
        (504, b"", {}),
    ],
)
def test_an_odd_answer_says_nothing_about_any_try(
    server: Scripted, tmp_path: Path, answer: tuple[int, Any, dict[str, str]]
) -> None:
    status, body, headers = answer
    with lifecycle_at(server, tmp_path) as lifecycle:
        server.says(status, body, headers=headers)
        with pytest.raises(Unreachable) as caught:
            lifecycle.renew()
        assert not isinstance(caught.value, NotAdmitted)
        assert SECRET not in str(caught.value)
        # The next call goes on, whatever the one before has left on the connection
        server.says(200, {"worker": "w1", "is_alive": True, "tries": [[1, 2]], "passes": [], "has_callbacks": True})
        lease = lifecycle.renew()
        assert (lease.is_alive, lease.tries, lease.has_callbacks) == (True, {(1, 2)}, True)


@pytest.mark.parametrize("status", [401, 403, 409, 426])
def test_a_definite_refusal_is_one_sentence_and_still_no_end_of_a_try(
    server: Scripted, tmp_path: Path, status: int
) -> None:
    with lifecycle_at(server, tmp_path) as lifecycle:
        server.refuses(status, "some-code")
        with pytest.raises(NotAdmitted, match=r"^a sentence on some-code$"):
            lifecycle.renew()
        server.refuses(status, "some-code", is_api=False)  # a proxy that wants a login, for example
        with pytest.raises(Unreachable) as caught:
            lifecycle.renew()
        assert not isinstance(caught.value, NotAdmitted)


def test_what_the_server_refuses_for_good_is_no_outage(server: Scripted, tmp_path: Path) -> None:
    with lifecycle_at(server, tmp_path) as lifecycle:
        for status, code in ((400, "invalid"), (422, "refused"), (403, "not-yours")):
            server.refuses(status, code)
            with pytest.raises(RefusedError, match=code):
                lifecycle.exchange([], 1, "n")
        server.says(413, b"<html>too large</html>", is_api=False)
        with pytest.raises(RefusedError, match="too large"):
            lifecycle.exchange([], 1, "n")


def test_nobody_there_a_name_that_is_none_and_a_server_that_says_nothing_are_outages(tmp_path: Path) -> None:
    with serving() as scripted:
        url = scripted.url
    for config in (config_of(tmp_path, url), config_of(tmp_path, "http://nowhere.invalid:1")):
        with closing(ServerConnection(config.worker)) as connection, pytest.raises(Unreachable):
            connection.call("POST", "/workers/w1/renew", "t", {})


START = Start(5, 1, 1, 1, "d", "r", "t", -1, 1, "manual", None, None, None, None, "{}", 1, "h", "", "")


def test_a_pass_that_has_expired_is_renewed_and_one_that_is_over_is_told_to_the_task(
    server: Scripted, tmp_path: Path
) -> None:
    fresh = {"worker": "w1", "is_alive": True, "tries": [[5, 1]], "has_callbacks": False}
    answer = {"reply": {"value": 7, "error": None, "missing": False}, "mask": []}
    with lifecycle_at(server, tmp_path) as lifecycle:
        server.says(200, {**fresh, "passes": [{"instance": 5, "token": 1, "pass": "one"}]})
        server.says(200, answer)
        assert lifecycle.answer(START, Beat())[0].value == 7
        server.refuses(401, "expired")
        server.says(200, {**fresh, "passes": [{"instance": 5, "token": 1, "pass": "two"}]})
        server.says(200, answer)
        assert lifecycle.answer(START, Beat())[0].value == 7
        server.refuses(403, "overtaken")
        reply, _ = lifecycle.answer(START, Beat())
        assert "a newer dispatch of this task exists" in (reply.error or "")
        server.refuses(403, "off")
        with pytest.raises(NotAdmitted):
            lifecycle.answer(START, Beat())


def test_sources_are_what_their_hash_says(server: Scripted, tmp_path: Path) -> None:
    config = config_of(tmp_path, server.url)
    name, data = sha256(b"code").hexdigest(), zlib.compress(b"code")
    with closing(ServerConnection(config.worker)) as connection:
        caller = Caller(connection, Keys(SECRET), "w1")
        server.says(200, data)
        assert caller.blobs([name]) == {name: data}
        for wrong in (zlib.compress(b"other code"), b"no zlib"):
            server.says(200, wrong)
            with pytest.raises(Unreachable, match="another content"):
                caller.blobs([name])
        server.refuses(404, "no-such-source")
        assert caller.blobs([name]) == {}
        server.refuses(404, "no-such-source", is_api=False)
        with pytest.raises(Unreachable):
            caller.blobs([name])


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost that is its own authority, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_server_is_who_its_certificate_says_or_nobody(certificate: Path, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(context) as scripted:
        scripted.says(200, dataclasses.asdict(TERMS))
        trusting = open_caller(config_of(tmp_path, scripted.url, ca_file=str(certificate)), "w1")
        with closing(trusting.server):
            assert trusting.terms() == TERMS
        strange = open_caller(config_of(tmp_path, scripted.url), "w1")
        with closing(strange.server), pytest.raises(Unreachable, match="certificate"):
            strange.terms()
        elsewhere = scripted.url.replace("localhost", "127.0.0.1")
        other = open_caller(config_of(tmp_path, elsewhere, ca_file=str(certificate)), "w1")
        with closing(other.server), pytest.raises(Unreachable, match="certificate"):
            other.terms()
        assert len(scripted.heard) == 1


@pytest.mark.parametrize(
    ("url", "worker"),
    [
        ("ftp://host", {}),
        ("https://user:password@host", {}),
        ("host:80", {}),
        ("http://host:99999", {}),
        ("https://host", {"ca_file": "/there/is/none"}),
    ],
)
def test_what_leads_to_no_server_is_a_sentence(tmp_path: Path, url: str, worker: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"^worker\.(server must be the URL|ca_file /there/is/none cannot be read)"):
        open_caller(config_of(tmp_path, url, **worker), "w1")


def test_a_secret_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    config = load(tmp_path, {"TRADEWIND__WORKER__SERVER": "http://localhost"}).config
    with pytest.raises(
        ConfigError, match=r"^execution_api.secret needs at least 32 characters, the same on web servers"
    ):
        open_caller(config, "w1")

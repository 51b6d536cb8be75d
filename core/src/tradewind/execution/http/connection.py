"""One kept-alive connection to the web server: the standard library's client, one call at a time.

`http.client` and not a pool of connections: a worker's one thread makes one call after the other, its calls are idempotent
and repeated by who makes them, and nothing that Tradewind depends on brings another client along.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from tradewind.config.sections import WorkerSection
from tradewind.execution.http.wire import BYTES, JSON, PREFIX
from tradewind.execution.lifecycle import Unreachable

LONGEST_IDLE: Final = 30.0
"""Seconds after which a connection is made anew: servers and proxies hang up on who says nothing."""
LARGEST_JSON: Final = 256 << 20
CHUNK: Final = 1 << 20
LONGEST_DETAIL: Final = 300
DEFINITE: Final = frozenset({401, 403, 409, 426})
NOT_YOURS: Final = "not-yours"
"""The code of what belongs to another worker's try: it is refused, though this worker is let in."""
REFUSED: Final = frozenset({400, 422})


class NotAdmitted(Unreachable):
    """The server refuses this worker, for certain: its secret, its name or its release is not what it wants.

    What was asked was not done, and nothing is lost by asking again once somebody has mended it.
    """

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


class RefusedError(Exception):
    """The server refuses what was asked, and would refuse it again."""


@dataclass(frozen=True)
class Body:
    """What is sent beside JSON: a file of bytes."""

    path: Path


class ServerConnection:
    """Makes calls; used by one thread.

    Arguments:
        settings: which server, its certificates, and how long to wait for it.
        extra_seconds: that an answer may take beyond what the settings say.
    Raises:
        ValueError: the URL is none of a server; the message is a sentence.
    """

    def __init__(self, settings: WorkerSection, *, extra_seconds: float = 0.0) -> None:
        self._url = server_url(settings.server)
        self._connect_seconds = settings.connect_timeout
        self._answer_seconds = settings.answer_timeout + extra_seconds
        self._context = None
        if self._url.scheme == "https":
            self._context = ssl.create_default_context(cafile=settings.ca_file or None)
        self._open: http.client.HTTPConnection | None = None
        self._used = 0.0

    def call(self, method: str, path: str, token: str, body: Mapping[str, Any] | Body | None = None) -> dict[str, Any]:
        """Make a call and return its answer.

        Arguments:
            path: below the API's prefix.
            token: that proves who calls.
        Raises:
            NotAdmitted: the server does not let this worker in.
            RefusedError: it refuses what was asked.
            Unreachable: no answer came, or none of the execution API.
        """
        with self._exchange(method, path, token, body) as response:
            data = _read(response, LARGEST_JSON)
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise Unreachable(f"{self._where} answered {path} with something else than JSON") from error
        if not isinstance(found, dict):
            raise Unreachable(f"{self._where} answered {path} with something else than an object")
        return found

    def fetch(self, path: str, token: str, most: int) -> bytes | None:
        """Return bytes; None where the server has none under this name. Raises as `call`."""
        with self._exchange("GET", path, token, None, is_missing_known=True) as response:
            return None if response.status == http.client.NOT_FOUND else _read(response, most)

    def download(self, path: str, token: str, target: Path) -> bool:
        """Write bytes to a file; False where the server has none under this name. Raises as `call`, and OSError."""
        with self._exchange("GET", path, token, None, is_missing_known=True) as response:
            if response.status == http.client.NOT_FOUND:
                return False
            size = _length(response)
            written = 0
            with _written(target) as write:
                while chunk := response.read(CHUNK):
                    write(chunk)
                    written += len(chunk)
            if size is not None and written != size:
                raise Unreachable("an answer broke off")
        return True

    def close(self) -> None:
        """Hang up."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def hang_up(self) -> None:
        """Have a call that waits in another thread end at once."""
        sock = None if self._open is None else self._open.sock
        if sock is not None:
            with contextlib.suppress(OSError):  # it has hung up by itself
                sock.shutdown(socket.SHUT_RDWR)

    @property
    def _where(self) -> str:
        return f"{self._url.scheme}://{self._url.netloc}"

    @contextlib.contextmanager
    def _exchange(
        self,
        method: str,
        path: str,
        token: str,
        body: Mapping[str, Any] | Body | None,
        *,
        is_missing_known: bool = False,
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a request and yield the response, whatever is wrong with the connection being `Unreachable`."""
        try:
            with _opened(body) as (data, headers):
                connection = self._connection()
                headers["Authorization"] = f"Bearer {token}"
                connection.request(method, f"{self._url.path.rstrip('/')}{PREFIX}{path}", data, headers)
                response = connection.getresponse()
                self._check(response, is_missing_known=is_missing_known)
                yield response
                response.read()
                self._used = time.monotonic()
                if response.will_close:
                    self.close()
        except (OSError, http.client.HTTPException, ssl.CertificateError) as error:
            self.close()
            raise Unreachable(f"{self._where}: {error or type(error).__name__}") from error
        except BaseException:
            self.close()
            raise

    def _check(self, response: http.client.HTTPResponse, *, is_missing_known: bool) -> None:
        """Raise what an answer means that is not 200."""
        known = {http.client.OK, http.client.NOT_FOUND} if is_missing_known else {http.client.OK}
        if response.status not in known or not is_of_the_api(response):
            raise _refusal(response, _read(response, LARGEST_JSON), self._where)

    def _connection(self) -> http.client.HTTPConnection:
        if self._open is not None and time.monotonic() - self._used > LONGEST_IDLE:
            self.close()
        if self._open is None:
            host, port = self._url.hostname or "", self._url.port
            make: Callable[..., http.client.HTTPConnection] = http.client.HTTPConnection
            options: dict[str, Any] = {"timeout": self._connect_seconds}
            if self._context is not None:
                make, options["context"] = http.client.HTTPSConnection, self._context
            self._open = make(host, port, **options)
            self._open.connect()
            self._open.sock.settimeout(self._answer_seconds)
        return self._open


def server_url(text: str) -> SplitResult:
    """Return the parts of a server's URL.

    Raises:
        ValueError: it is none; the message is a sentence.
    """
    try:
        found = urlsplit(text)
        is_right = found.scheme in {"http", "https"} and bool(found.hostname) and (found.port or 1) > 0
    except ValueError:
        is_right = False
    if not is_right or found.username or found.query or found.fragment:
        raise ValueError(
            "worker.server must be the URL of a Tradewind web server, such as https://tradewind.example.com"
        )
    return found


@contextlib.contextmanager
def _opened(body: Mapping[str, Any] | Body | None) -> Iterator[tuple[Any, dict[str, str]]]:
    """Yield what is sent and its headers."""
    if isinstance(body, Body):
        try:
            file = body.path.open("rb")
        except OSError as error:
            raise RefusedError(f"what is to be sent cannot be read: {error}") from error
        with file:
            yield file, {"Content-Type": BYTES, "Content-Length": str(os.fstat(file.fileno()).st_size)}
    elif body is None:
        yield None, {}
    else:
        yield json.dumps(body, separators=(",", ":")).encode(), {"Content-Type": JSON}


@contextlib.contextmanager
def _written(target: Path) -> Iterator[Callable[[bytes], None]]:
    """Yield what writes to a file; that it cannot be written is no outage."""
    try:
        file = target.open("wb")
    except OSError as error:
        raise RefusedError(f"what was sent cannot be kept: {error}") from error

    def write(data: bytes) -> None:
        try:
            file.write(data)
        except OSError as error:
            raise RefusedError(f"what was sent cannot be kept: {error}") from error

    with file:
        yield write


def _length(response: http.client.HTTPResponse) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isdigit() else None


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    data = response.read(most + 1)
    if len(data) > most:
        raise Unreachable(f"an answer has more than {most} bytes")
    return data


def is_of_the_api(response: http.client.HTTPResponse) -> bool:
    """Tell whether it is the execution API that answers, and not a proxy before it."""
    return response.headers.get("Tradewind-Execution", "") != ""


def _refusal(response: http.client.HTTPResponse, data: bytes, where: str) -> Exception:
    """Return what an answer that is not 200 means.

    Only the API's own word is definite: what a proxy says of it is passed over as an outage.
    """
    status = response.status
    if status == http.client.REQUEST_ENTITY_TOO_LARGE:
        return RefusedError(f"{where} finds it too large")
    try:
        problem = json.loads(data)
        detail, code = str(problem["detail"])[:LONGEST_DETAIL], str(problem["code"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return Unreachable(f"{where} answered {status} {response.reason}")
    if not is_of_the_api(response):
        return Unreachable(f"{where} answered {status}: {detail}")
    if status in DEFINITE and code != NOT_YOURS:
        return NotAdmitted(detail, code)
    if status in REFUSED or code == NOT_YOURS:
        return RefusedError(detail)
    return Unreachable(f"{where} answered {status}: {detail}")

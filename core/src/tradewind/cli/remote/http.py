"""Requests to a server's REST API, over one connection that is kept."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

from tradewind.cli.errors import WRONG_USAGE, CommandError
from tradewind.version import VERSION

TIMEOUT = 60.0  # seconds for one answer
KEPT_SECONDS = 1.0
"""For which a connection is used again: servers close those that nobody uses, and a request may meet that."""
PREFIX = "/api/v1"
USAGE = "write it as https://tradewind.example.org, with the path that it has there, if it has one"


class Answer:
    """What the server said.

    Arguments:
        status: of HTTP.
        value: the JSON value; None where there is none.
        retry_after: seconds after which one may ask again; None where it does not say.
    """

    def __init__(self, status: int, value: Any, *, retry_after: int | None = None) -> None:
        self.status = status
        self.value = value
        self.retry_after = retry_after

    @property
    def detail(self) -> str:
        """The sentence of a problem."""
        return str(self.value.get("detail") or "") if isinstance(self.value, dict) else ""


class Server:
    """A server's REST API.

    Arguments:
        url: of the server, without `/api/v1`; may have a user's name and password in it.
        token: an API token; empty where the URL says who asks.
    Raises:
        CommandError: this is no URL of a server.
    """

    def __init__(self, url: str, token: str = "") -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError as error:
            raise _no_url(url) from error
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise _no_url(url)
        self.place = f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")
        self._prefix = parts.path.rstrip("/") + PREFIX
        self._headers = {"Accept": "application/json", "User-Agent": f"tradewind/{VERSION}"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        elif parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            self._headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        self._address = (parts.hostname, port)
        self._context = ssl.create_default_context() if parts.scheme == "https" else None
        self._connection = self._connected()
        self._used_at = 0.0

    def _connected(self) -> http.client.HTTPConnection:
        host, port = self._address
        if self._context is not None:
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=self._context)
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT)

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a request and return the answer.

        Arguments:
            path: below `/api/v1`, with its query.
            body: a JSON value; None sends none.
        Raises:
            CommandError: the server cannot be reached, or what answers is none of ours.
        """
        headers = dict(self._headers)
        sent = None
        if body is not None:
            sent = json.dumps(body, default=str).encode()
            headers["Content-Type"] = "application/json"
        if time.monotonic() - self._used_at > KEPT_SECONDS:
            self._connection.close()  # it is opened again by the request
        with self._reaching():
            self._connection.request(method, self._prefix + path, sent, headers)
            response = self._connection.getresponse()
            data = response.read()
        self._used_at = time.monotonic()
        return self._answer(response, data)

    def ask_lines(self, method: str, path: str) -> Iterator[Answer]:
        """Send a request without a body and yield a JSON value for each line of the answer, when it comes.

        It has a connection of its own, so that other requests can be sent meanwhile.

        Arguments:
            path: below `/api/v1`, with its query.
        Raises:
            CommandError: the server cannot be reached, or what answers is none of ours.
        """
        with closing(self._connected()) as connection:
            with self._reaching():
                connection.request(method, self._prefix + path, headers=self._headers)
                response = connection.getresponse()
            if response.status >= HTTPStatus.BAD_REQUEST:
                with self._reaching():
                    data = response.read()
                yield self._answer(response, data)
                return
            while True:
                with self._reaching():
                    line = response.readline()
                if not line:
                    return
                yield Answer(response.status, self._value(response, line))

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise CommandError(
                f"The server {self.place} cannot be reached: {error or type(error).__name__}.",
                error_id="server-unreachable",
            ) from error

    def _answer(self, response: http.client.HTTPResponse, data: bytes) -> Answer:
        seconds = response.getheader("Retry-After") or ""
        return Answer(
            response.status, self._value(response, data), retry_after=int(seconds) if seconds.isdigit() else None
        )

    def _value(self, response: http.client.HTTPResponse, data: bytes) -> Any:
        if not data:
            return None
        kind = (response.getheader("Content-Type") or "").partition(";")[0]
        try:
            if kind.endswith("json"):
                return json.loads(data)
        except ValueError:
            kind = "broken JSON"
        raise CommandError(
            f"What answers at {self.place}{self._prefix} is no Tradewind server: status {response.status}, {kind or 'no type'}; "
            f"{USAGE}.",
            error_id="server-unreachable",
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _no_url(url: str) -> CommandError:
    place = url.rpartition("@")[2]  # before it may be a password
    return CommandError(f"{place!r} is no URL of a server: {USAGE}.", exit_code=2, error_id=WRONG_USAGE)

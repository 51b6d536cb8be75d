"""The hook for HTTP."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.host import current

from tradewind_http.exceptions import HttpErrorException, HttpUnavailableException
from tradewind_http.retrying import call_again
from tradewind_http.secrecy import is_secret, reason_of, without_secrets

if TYPE_CHECKING:
    import requests
else:
    requests = lazy_client("requests", extra="http")

__all__ = ["HttpHook", "auth_path"]

_SETTINGS = frozenset(
    (
        "allow_redirects",
        "auth_kwargs",
        "auth_type",
        "cert",
        "check_response",
        "headers",
        "max_redirects",
        "proxies",
        "proxy",
        "stream",
        "timeout",
        "trust_env",
        "verify",
    )
)
"""Keys of the extra that are no headers."""
_UNAVAILABLE = frozenset((401, 403, 407, 408, 425, 429, 502, 503, 504))
_CONNECT_SECONDS = 30.0
_SHOWN_OF_BODY = 1000


class HttpHook(BaseHook):
    """Requests to the server of a connection.

    The connection's schema is `http` or `https`, its login and password are used for basic authentication. Keys of its
    extra: `headers` (an object), `timeout` (seconds, or [to connect, to read]), `verify`, `cert`, `proxies`, `allow_redirects`,
    `max_redirects`, `stream`, `trust_env`, `check_response`, `auth_type` (the path of a class); any other key is a header.

    Arguments:
        method: the HTTP method.
        http_conn_id: the id of the connection.
        auth_type: a class of requests' kind, called with login and password where there are any; its path as text works too.
        tcp_keep_alive: whether the system asks the server now and then whether it is still there.
        tcp_keep_alive_idle: seconds of silence before it asks first.
        tcp_keep_alive_count: how many questions may stay without an answer.
        tcp_keep_alive_interval: seconds between two of them.
        adapter: mounted in place of requests' own adapter.
    """

    conn_name_attr: ClassVar[str] = "http_conn_id"
    default_conn_name: ClassVar[str] = "http_default"
    conn_type: ClassVar[str] = "http"
    hook_name: ClassVar[str] = "HTTP"

    def __init__(  # noqa: PLR0917 - Airflow's order
        self,
        method: str = "POST",
        http_conn_id: str = "http_default",
        auth_type: Any = None,
        tcp_keep_alive: bool = True,
        tcp_keep_alive_idle: int = 120,
        tcp_keep_alive_count: int = 20,
        tcp_keep_alive_interval: int = 30,
        adapter: requests.adapters.HTTPAdapter | None = None,
    ) -> None:
        super().__init__()
        self.method = method.upper()
        self.http_conn_id = http_conn_id
        self.auth_type = auth_type
        self.tcp_keep_alive = tcp_keep_alive
        self.keep_alive_idle = tcp_keep_alive_idle
        self.keep_alive_count = tcp_keep_alive_count
        self.keep_alive_interval = tcp_keep_alive_interval
        self.adapter = adapter
        self.base_url = ""
        self._check_response = True

    def get_conn(
        self, headers: Mapping[str, Any] | None = None, extra_options: Mapping[str, Any] | None = None
    ) -> requests.Session:
        """Return a session with what the connection says; no request is made.

        Arguments:
            headers: of all its requests, beside those of the connection.
            extra_options: settings over those of the connection's extra.

        Raises:
            TradewindNotFoundException: there is no connection of that id.
            TradewindException: its schema is neither http nor https.
        """
        connection = self.get_connection(self.http_conn_id)
        extra = connection.extra_dejson
        self.base_url = _base_url(connection)
        settings = {**{name: extra[name] for name in extra if name in _SETTINGS}, **(extra_options or {})}
        session = requests.Session()
        self._mount(session)
        own = {str(name): str(value) for name, value in _headers(extra).items()}
        for name, value in own.items():
            if is_secret(name) and value:
                current().mask(value)
        session.headers.update(own)
        session.headers.update({name: value for name, value in (headers or {}).items() if value is not None})
        session.auth = self._auth(connection, settings)
        session.proxies = settings.get("proxies") or settings.get("proxy") or {}
        session.verify = settings.get("verify", True)
        session.cert = _pair(settings.get("cert"))
        session.stream = bool(settings.get("stream", False))
        session.trust_env = bool(settings.get("trust_env", True))
        session.max_redirects = int(settings.get("max_redirects", session.max_redirects))
        self._check_response = bool(settings.get("check_response", True))
        _keep_at_home(session, [name for name in own if is_secret(name)])
        return session

    def run(
        self,
        endpoint: str | None = None,
        data: Any = None,
        headers: Mapping[str, Any] | None = None,
        extra_options: Mapping[str, Any] | None = None,
        **request_kwargs: Any,
    ) -> requests.Response:
        """Make one request and return the response.

        Arguments:
            endpoint: the path below the connection's host; a whole URL must lead to the same host.
            data: parameters of the URL for GET and HEAD, else the body: a dict is sent as a form, a text as it is.
            headers: over those of the connection.
            extra_options: `timeout`, `verify`, `stream`, `allow_redirects`, `proxies`, `cert`, `max_redirects`, and
                `check_response`, over those of the connection.
            request_kwargs: `json`, `params`, `files`, `cookies`, `auth` as of `requests.Request`.

        Raises:
            ConnectionFailed: the server was not reached, or went away.
            HttpErrorException: its status is 400 or more, unless `check_response` is false.
        """
        session = self.get_conn(headers, extra_options)
        with session:
            url = self.url_from_endpoint(endpoint)
            has_parameters = self.method in {"GET", "HEAD"} and "params" not in request_kwargs
            request_kwargs["params" if has_parameters else "data"] = data
            with self._told_of(url):
                prepared = session.prepare_request(requests.Request(self.method, url, **request_kwargs))
            return self.run_and_check(session, prepared, extra_options)

    def run_and_check(
        self,
        session: requests.Session,
        prepped_request: requests.PreparedRequest,
        extra_options: Mapping[str, Any] | None = None,
    ) -> requests.Response:
        """Send a prepared request and return the response, as `run` does."""
        given = extra_options or {}
        extra = self.get_connection(self.http_conn_id).extra_dejson
        url = str(prepped_request.url)
        settings = session.merge_environment_settings(
            url,
            given.get("proxies", session.proxies),
            given.get("stream", session.stream),
            given.get("verify", session.verify),
            given.get("cert", session.cert),
        )
        timeout = given.get("timeout", extra.get("timeout"))
        with self._told_of(url):
            response = session.send(
                prepped_request,
                timeout=(_CONNECT_SECONDS, None) if timeout is None else _pair(timeout),
                allow_redirects=given.get("allow_redirects", extra.get("allow_redirects", True)),
                **settings,
            )
        if not settings["stream"]:
            self._check_length(response)
        if given.get("check_response", self._check_response):
            self.check_response(response)
        return response

    def check_response(self, response: requests.Response) -> None:
        """Raise unless the status is below 400.

        Raises:
            HttpErrorException: it is not; the message has method, URL without secrets, and status.
        """
        if response.status_code < 400:
            return
        kind = HttpUnavailableException if response.status_code in _UNAVAILABLE else HttpErrorException
        method = response.request.method if response.request is not None else self.method
        if not response.raw or not getattr(response, "_content_consumed", True):
            body = ""  # a stream that nobody has read
        else:
            body = response.text[:_SHOWN_OF_BODY]
        if body:
            self.log.error("The body of the answer: %s", body)
        raise kind(
            f"connection {self.http_conn_id!r}: {method} {without_secrets(response.url)} answered "
            f"{response.status_code} {response.reason or ''}".rstrip(),
            response.status_code,
            response.headers.get("Retry-After"),
        )

    def run_with_advanced_retry(self, _retry_args: Mapping[str, Any], *args: Any, **kwargs: Any) -> requests.Response:
        """Call `run` with the other arguments until it succeeds.

        Arguments:
            _retry_args: any of `attempts`, `wait`, `max_wait` and `statuses`, see `tradewind_http.retrying.call_again`;
                or what tenacity's `Retrying` takes.
            args: of `run`.
            kwargs: of `run`.
        """
        response: requests.Response = call_again(lambda: self.run(*args, **kwargs), _retry_args, self.log)
        return response

    def url_from_endpoint(self, endpoint: str | None) -> str:
        """Return the URL of an endpoint; call `get_conn` before.

        Raises:
            TradewindException: the endpoint is a whole URL of another host, which shall not get the connection's login.
        """
        base, path = self.base_url, endpoint or ""
        if path.startswith(("http://", "https://")):
            if not base or _origin(path) == _origin(base):
                return path
            raise TradewindException(
                f"connection {self.http_conn_id!r} leads to {without_secrets(base)}; "
                f"the endpoint {without_secrets(path)} is of another "
                f"host, which does not get its login: make a connection for that host"
            )
        if not base:
            raise TradewindException(f"connection {self.http_conn_id!r} has no host")
        if path and not path.startswith(("/", "?")) and not base.endswith("/"):
            return f"{base}/{path}"
        return base + path

    def test_connection(self) -> tuple[bool, str]:
        """Ask for the connection's own URL and return whether a server answers that lets us in."""
        asking = type(self)("GET", self.http_conn_id, self.auth_type)
        try:
            response = asking.run("", extra_options={"check_response": False, "stream": True})
        except (TradewindException, OSError) as error:
            return False, str(error)
        response.close()
        told = f"the server answered {response.status_code} {response.reason or ''}".rstrip()
        return response.status_code < 500 and response.status_code not in _UNAVAILABLE, told

    def _auth(self, connection: Connection, settings: Mapping[str, Any]) -> Any:
        kind = self.auth_type or settings.get("auth_type")
        if isinstance(kind, str):
            kind = _imported(kind)
        further = settings.get("auth_kwargs") or {}
        if connection.login or connection.password:
            return (kind or requests.auth.HTTPBasicAuth)(connection.login or "", connection.password or "", **further)
        return kind(**further) if kind is not None else None

    def _mount(self, session: requests.Session) -> None:
        adapter = self.adapter
        if adapter is None and self.tcp_keep_alive:
            adapter = requests.adapters.HTTPAdapter()
            adapter.init_poolmanager(1, 1, socket_options=self._socket_options())
        if adapter is not None:
            session.mount("http://", adapter)
            session.mount("https://", adapter)

    def _socket_options(self) -> list[tuple[int, int, int]]:
        options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
        named = {
            "TCP_KEEPIDLE": self.keep_alive_idle,
            "TCP_KEEPCNT": self.keep_alive_count,
            "TCP_KEEPINTVL": self.keep_alive_interval,
        }
        # Systems differ in which of these they have
        options += [(socket.IPPROTO_TCP, getattr(socket, name), named[name]) for name in named if hasattr(socket, name)]
        return options

    @contextmanager
    def _told_of(self, url: str) -> Iterator[None]:
        """Turn errors of requests into `ConnectionFailed` with the connection's id and the URL without secrets.

        Not by `naming_errors`: it names the connection's host, which may be a whole URL here, with a login in it.
        """
        where = f"connection {self.http_conn_id!r}"
        try:
            yield
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            told = str(error).replace(url, without_secrets(url))
            raise TradewindException(f"{where}: {told}") from None
        except (requests.exceptions.RequestException, OSError) as error:
            # Not chained: its text and its parents' have the URL as it is
            raise ConnectionFailed(f"{where}: {self.method} {without_secrets(url)}: {reason_of(error)}") from None

    def _check_length(self, response: requests.Response) -> None:
        """Raise where a body ended before its announced length, which requests before 2.32 takes for whole.

        Raises:
            ConnectionFailed: it did.
        """
        told = response.headers.get("Content-Length", "")
        has_body = response.request.method != "HEAD" and response.status_code not in {204, 304}
        if has_body and told.isdigit() and hasattr(response.raw, "tell") and response.raw.tell() < int(told):
            raise ConnectionFailed(
                f"connection {self.http_conn_id!r}: {response.request.method} {without_secrets(response.url)}: "
                f"the body ended after {response.raw.tell()} bytes read of {told}"
            )


def auth_path(auth_type: Any) -> str | None:
    """Return the path of an authentication class as text, for a trigger; `HttpHook` takes it back.

    Raises:
        TradewindException: it cannot be imported by a path.
    """
    if auth_type is None or isinstance(auth_type, str):
        return auth_type
    name = getattr(auth_type, "__qualname__", "")
    if not name.isidentifier():
        raise TradewindException(
            f"auth_type {auth_type!r} cannot be handed to a trigger: give a class at the top of a module, or deferrable=False"
        )
    return f"{auth_type.__module__}.{name}"


def _imported(path: str) -> Callable[..., Any]:
    module, _, name = path.replace(":", ".").rpartition(".")
    try:
        found: Callable[..., Any] = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise TradewindException(f"auth_type {path!r} is not the path of a class: {error}") from None
    return found


def _headers(extra: Mapping[str, Any]) -> dict[str, Any]:
    own = extra.get("headers") or {}
    loose = {
        name: extra[name] for name in extra if name not in _SETTINGS and isinstance(extra[name], (str, int, float))
    }
    return {**loose, **own}


def _base_url(connection: Connection) -> str:
    host = connection.host or ""
    if "://" in host:
        base = host.rstrip("/") if connection.port is not None else host
    else:
        schema = connection.schema or ("https" if connection.conn_type == "https" else "http")
        if schema not in {"http", "https"}:
            raise TradewindException(
                f"the schema of connection {connection.conn_id!r} is {schema!r}; it is http or https, and a path belongs "
                f"to the host, as in https://api.example.com/v1"
            )
        base = f"{schema}://{host}" if host else ""
    return base if connection.port is None or not base else f"{base}:{connection.port}"


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _pair(value: Any) -> Any:
    """Return a list as a tuple: JSON has no tuples, and requests takes only them."""
    return tuple(value) if isinstance(value, list) else value


def _keep_at_home(session: requests.Session, names: list[str]) -> None:
    """Leave the connection's secret headers out where a redirect leads to another host; requests does so for its own."""
    if not names:
        return
    rebuild: Any = session.rebuild_auth

    def rebuild_auth(prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        if session.should_strip_auth(str(response.request.url), str(prepared_request.url)):
            for name in names:
                prepared_request.headers.pop(name, None)
        rebuild(prepared_request, response)

    session.rebuild_auth = rebuild_auth  # type: ignore[method-assign]

"""Hooks: clients of a connection, the way providers offer them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import quote, quote_plus

from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException
from tradewind_plugins.host import current

__all__ = ["BaseHook"]

_STARS = "***"
_SHORTEST = 3
# Schemes are short: without a bound, a long word would be looked through from each of its letters
_URL_LOGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20}://)[^\s/]*@")
_SENSITIVE = re.compile(
    r"passw|passphrase|secret|token|api_?key|access_?key|private_?key|authorization|credential|keyfile|service_account",
    re.IGNORECASE,
)


class BaseHook:
    """The base of all hooks.

    A subclass names its connection type and makes a client from a connection in `get_conn`.
    """

    conn_name_attr: ClassVar[str] = "conn_id"
    """The name of the argument and attribute that hold the connection's id."""
    default_conn_name: ClassVar[str] = ""
    """The id used when none is given."""
    conn_type: ClassVar[str] = ""
    """The connection type this hook is the client of."""
    hook_name: ClassVar[str] = ""
    """The name people read in forms."""

    def __init__(self, source: Any = None, logger_name: Any = None) -> None:
        """Take what hooks written for Airflow hand on; both mean nothing here."""

    @property
    def log(self) -> logging.Logger:
        """The logger named after the class."""
        return logging.getLogger(f"{type(self).__module__}.{type(self).__qualname__}")

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """Return the connection of that id; its password is masked in the log from now on.

        Raises:
            TradewindNotFoundException: There is none.
        """
        host = current()
        connection = host.connection(conn_id)
        if connection.password:
            host.mask(connection.password)
        return connection

    @classmethod
    def get_hook(cls, conn_id: str) -> Any:
        """Return the hook of a connection's type, made with its defaults, whichever provider has it.

        Raises:
            TradewindNotFoundException: There is no such connection.
            TradewindException: It has no type, or no installed provider knows its type.
        """
        host = current()
        conn_type = host.connection(conn_id).conn_type
        if not conn_type:
            raise TradewindException(f"connection {conn_id!r} has no type, so nothing says which hook it needs")
        found = host.hook_class(conn_type)
        return found(**{found.conn_name_attr: conn_id})

    @property
    def connection_id(self) -> str:
        """The id of the connection in use."""
        return str(getattr(self, self.conn_name_attr))

    @contextmanager
    def naming_errors(self, *errors: type[BaseException]) -> Iterator[None]:
        """Turn a driver's errors into `ConnectionFailed`, which names the connection and the address it leads to.

        No secret of the connection is in its text. It comes from the driver's error only where that tells none either.

        Arguments:
            errors: what the driver raises where a system cannot be reached, refuses the login or goes away.
        """
        try:
            yield
        except errors as error:
            connection = self.get_connection(self.connection_id)
            cleaner = _Cleaner(connection)
            raise ConnectionFailed(_told(connection, cleaner, error)) from (error if cleaner.is_clean(error) else None)

    def get_conn(self) -> Any:
        """Return the client, connected."""
        raise NotImplementedError(f"{type(self).__name__} does not implement get_conn")

    def test_connection(self) -> tuple[bool, str]:
        """Try the connection and return whether it works, with a sentence for people.

        Runs in a bounded child process.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot test its connection")


class _Cleaner:
    """Takes the secrets of a connection out of texts: drivers repeat passwords, and addresses with a login in them."""

    def __init__(self, connection: Connection) -> None:
        secrets = [connection.password or "", _login_in(connection.host or "").partition(":")[2]]
        secrets += _secrets_of(connection.extra)
        forms = {
            form
            for each in secrets
            if each
            for form in (each, json.dumps(each)[1:-1], quote(each, safe=""), quote_plus(each))
        }
        self._forms = sorted(forms, key=lambda form: (-len(form), form))

    def clean(self, text: str) -> str:
        """Return a text with stars for secrets, and for the logins of URLs."""
        for form in self._forms:
            text = text.replace(form, _STARS)
        return _URL_LOGIN.sub(rf"\1{_STARS}@", text)

    def is_clean(self, error: BaseException) -> bool:
        """Tell whether neither an error nor what it comes from holds a secret."""
        seen: list[BaseException] = []
        waiting = [error]
        while waiting:
            each = waiting.pop()
            texts = (str(each), repr(each))
            if any(self.clean(text) != text for text in texts):
                return False
            seen.append(each)
            waiting += [
                other for other in (each.__cause__, each.__context__) if other is not None and other not in seen
            ]
        return True


def _secrets_of(extra: str | None) -> list[str]:
    """Return what stands in an extra under names of secrets; one that is no JSON is a secret as a whole."""
    try:
        return list(_leaves(json.loads(extra or "null"), False))
    except ValueError:
        return [extra or ""]


def _leaves(value: Any, is_secret: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, is_secret or _SENSITIVE.search(str(name)) is not None)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, is_secret)
    elif is_secret and isinstance(value, str) and len(value) >= _SHORTEST:
        yield value


def _login_in(host: str) -> str:
    """Return the user and password that a host has before an @: in a URL, or without one where it is no path."""
    before = host.partition("://")[2] or host
    login, separator, _ = before.partition("/")[0].rpartition("@")
    return login if separator else ""


def _place(host: str) -> str:
    """Return a host without a login, and a URL without its query, which may have tokens in it."""
    login = _login_in(host)
    place = host.replace(f"{login}@", "", 1) if login else host
    return place.partition("?")[0].partition("#")[0] if "://" in place else place


def _told(connection: Connection, cleaner: _Cleaner, error: BaseException) -> str:
    """Return a sentence on what went wrong."""
    port = "" if connection.port is None else f":{connection.port}"
    place = f", {_place(connection.host)}{port}" if connection.host else ""
    text = cleaner.clean(" ".join(str(error).split())) or type(error).__name__
    return f"connection {connection.conn_id!r} ({connection.conn_type}{place}): {text}"

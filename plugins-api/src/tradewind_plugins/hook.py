"""Hooks: clients of a connection, the way providers offer them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException
from tradewind_plugins.host import current

__all__ = ["BaseHook"]


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

        Arguments:
            errors: what the driver raises where a system cannot be reached, refuses the login or goes away.
        """
        try:
            yield
        except errors as error:
            raise ConnectionFailed(_told(self.get_connection(self.connection_id), error)) from error

    def get_conn(self) -> Any:
        """Return the client, connected."""
        raise NotImplementedError(f"{type(self).__name__} does not implement get_conn")

    def test_connection(self) -> tuple[bool, str]:
        """Try the connection and return whether it works, with a sentence for people.

        Runs in a bounded child process.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot test its connection")


def _told(connection: Connection, error: BaseException) -> str:
    """Return a sentence on what went wrong, without the password, which some drivers repeat."""
    port = "" if connection.port is None else f":{connection.port}"
    place = f", {connection.host}{port}" if connection.host else ""
    text = " ".join(str(error).split()) or type(error).__name__
    if connection.password:
        text = text.replace(connection.password, "***")
    return f"connection {connection.conn_id!r} ({connection.conn_type}{place}): {text}"

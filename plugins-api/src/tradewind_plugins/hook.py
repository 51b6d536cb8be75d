"""Hooks: clients of a connection, the way providers offer them."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from tradewind_plugins.connection import Connection
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

    def get_conn(self) -> Any:
        """Return the client, connected."""
        raise NotImplementedError(f"{type(self).__name__} does not implement get_conn")

    def test_connection(self) -> tuple[bool, str]:
        """Try the connection and return whether it works, with a sentence for people.

        Runs in a bounded child process.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot test its connection")

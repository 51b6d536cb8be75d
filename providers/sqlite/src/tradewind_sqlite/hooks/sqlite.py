"""The hook for SQLite."""

from __future__ import annotations

import re
import sqlite3
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from tradewind_plugins.connection import Connection
from tradewind_plugins.dbapi import DbApiHook
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.sql import split_statements

__all__ = ["SqliteHook"]

_QUERY = re.compile(r"(\s|--[^\n]*\n|/\*.*?\*/)*(SELECT|VALUES|WITH)\b", re.IGNORECASE | re.DOTALL)
_URI_PARAMETERS = frozenset({"cache", "immutable", "mode", "modeof", "nolock", "psow", "vfs"})


class SqliteHook(DbApiHook):
    """SQL in a SQLite file.

    The connection's host is the path of the file, or `:memory:`. Keys of its extra: `timeout` (seconds to wait for a
    lock, 5 by default) and SQLite's URI parameters, such as `mode` (`ro` opens an existing file for reading only).

    Arguments:
        sqlite_conn_id: the id of the connection.
        database: the path of another file than the connection's.
    """

    conn_name_attr: ClassVar[str] = "sqlite_conn_id"
    default_conn_name: ClassVar[str] = "sqlite_default"
    conn_type: ClassVar[str] = "sqlite"
    hook_name: ClassVar[str] = "SQLite"
    placeholder: ClassVar[str] = "?"
    supports_autocommit: ClassVar[bool] = True

    def __init__(self, sqlite_conn_id: str | None = None, database: str | None = None, **kwargs: Any) -> None:
        super().__init__(sqlite_conn_id, **kwargs)
        self.database = database

    def get_conn(self) -> sqlite3.Connection:
        """Open the file and return the connection of `sqlite3`.

        Raises:
            TradewindNotFoundException: there is no connection of that id.
            TradewindException: it names no file, or its extra has a key that SQLite does not know.
            ConnectionFailed: the file cannot be opened.
        """
        connection = self.get_connection(self.connection_id)
        extra = connection.extra_dejson
        timeout = float(extra.pop("timeout", 5.0))
        uri = _uri(self._path(connection), extra, connection.conn_id)
        with self.naming_errors(sqlite3.OperationalError):
            return sqlite3.connect(uri, timeout=timeout, uri=True)

    def _path(self, connection: Connection) -> str:
        path = self.database or connection.host or connection.schema
        if not path:
            raise TradewindException(
                f"connection {connection.conn_id!r} has no host; for SQLite the host is the path of the database file"
            )
        return path

    def set_autocommit(self, conn: Any, autocommit: bool) -> None:
        """Let each statement commit by itself, or open one transaction that holds them all, CREATE TABLE too."""
        conn.isolation_level = None
        if not autocommit:
            conn.execute("BEGIN")

    def reading_cursor(self, conn: Any, batch_rows: int) -> Any:
        """Return a cursor whose rows are a copy, as a half-read query would keep others from writing to the file."""
        return conn.cursor(_CopyingCursor)

    @classmethod
    def split_sql_string(cls, sql: str) -> list[str]:
        """Split a text into its statements; the body of a trigger stays whole."""
        statements: list[str] = []
        pending = ""
        for piece in split_statements(sql):
            pending = f"{pending};\n{piece}" if pending else piece
            if sqlite3.complete_statement(f"{pending};"):
                statements.append(pending)
                pending = ""
        return [*statements, pending] if pending else statements


class _CopyingCursor(sqlite3.Cursor):
    """Reads a query's rows from a temporary table, which SQLite keeps in a file of its own, and lets go of the database."""

    def execute(self, sql: str, parameters: Any = ()) -> _CopyingCursor:
        """See `sqlite3.Cursor.execute`."""
        if not _QUERY.match(sql):
            return super().execute(sql, parameters)
        super().execute(f"CREATE TEMPORARY TABLE tradewind_rows AS {sql}", parameters)
        self.connection.commit()
        return super().execute("SELECT * FROM tradewind_rows")


def _uri(path: str, extra: dict[str, Any], conn_id: str) -> str:
    unknown = sorted(set(extra) - _URI_PARAMETERS)
    if unknown:
        known = ", ".join(sorted(_URI_PARAMETERS | {"timeout"}))
        raise TradewindException(f"the extra of connection {conn_id!r} has {unknown[0]!r}; SQLite knows {known}")
    query = f"?{urlencode(extra)}" if extra else ""
    return f"file:{path if path == ':memory:' else quote(path)}{query}"

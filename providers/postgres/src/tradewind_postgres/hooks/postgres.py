"""The hook for PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.connection import Connection
from tradewind_plugins.dbapi import DbApiHook
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.host import current

__all__ = ["PostgresHook"]

psycopg2 = lazy_client("psycopg2", extra="postgres")
extras = lazy_client("psycopg2.extras", extra="postgres")

_CURSORS = {
    "dictcursor": "DictCursor",
    "realdictcursor": "RealDictCursor",
    "namedtuplecursor": "NamedTupleCursor",
}
# What the extra may hold that is not for the driver: ours, and Airflow's that ask for nothing when they are off
_NOT_FOR_THE_DRIVER = frozenset({"cursor", "iam", "redshift", "redshift-serverless", "sqlalchemy_scheme"})
_OF_AWS = ("iam", "redshift", "redshift-serverless")
# Beginnings of SQLSTATEs that are about the connection: it failed, was refused, or the server is full or going down
_OF_CONNECTIONS = ("08", "28", "3D", "53", "57P")
_LONGEST_NAME = 63  # of an application, in bytes; PostgreSQL cuts what is longer
_STREAM = "tradewind_stream"
_PATIENCE = 1.0  # seconds for a statement to end


class PostgresHook(DbApiHook):
    """SQL in a PostgreSQL database, by psycopg2.

    Of the connection, schema is the database. Its extra has `cursor` (`dictcursor`, `realdictcursor` or
    `namedtuplecursor`: what rows are), and any parameter of libpq: `sslmode`, `connect_timeout`, `options`,
    `keepalives`, `target_session_attrs` …

    Arguments:
        postgres_conn_id: the id of the connection.
        database: another database than the connection's. `schema` is Airflow's old name of it.
        options: settings for the session, as `-c statement_timeout=3000ms`, in place of the extra's `options`.
        enable_log_db_messages: write to the log what the server says beside its answers, such as notices.
    """

    conn_name_attr: ClassVar[str] = "postgres_conn_id"
    default_conn_name: ClassVar[str] = "postgres_default"
    conn_type: ClassVar[str] = "postgres"
    hook_name: ClassVar[str] = "Postgres"
    supports_autocommit: ClassVar[bool] = True

    def __init__(
        self,
        postgres_conn_id: str | None = None,
        *,
        database: str | None = None,
        schema: str | None = None,
        options: str | None = None,
        enable_log_db_messages: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(postgres_conn_id, **kwargs)
        self.database = database or schema
        self.options = options
        self.enable_log_db_messages = enable_log_db_messages
        self._waited_for: list[Any] = []  # connections whose calls are waited for, of all threads

    def connection_errors(self) -> tuple[type[BaseException], ...]:
        """See `DbApiHook.connection_errors`."""
        return psycopg2.OperationalError, psycopg2.InterfaceError

    @contextmanager
    def naming_errors(self, *errors: type[BaseException]) -> Iterator[None]:
        """See `BaseHook.naming_errors`. What a statement met, such as a deadlock, stays the driver's own error."""
        of_statement = None
        with super().naming_errors(*errors):
            try:
                yield
            except psycopg2.Error as error:
                if not error.pgcode or error.pgcode.startswith(_OF_CONNECTIONS):
                    raise
                of_statement = error
        if of_statement is not None:
            raise of_statement

    def get_conn(self) -> Any:
        """Connect and return the connection of psycopg2.

        Raises:
            TradewindNotFoundException: there is no connection of that id.
            TradewindException: its extra has a cursor that is unknown, or asks for a login of AWS.
            ConnectionFailed: the server cannot be reached, or refuses the login.
        """
        connection = self.get_connection(self.connection_id)
        arguments = self._arguments(connection)
        with self.naming_errors(*self.connection_errors()):
            # In a thread, as calls are in `wait_for`; one that is not waited for any more ends by its own time-out
            return _Call(psycopg2.connect, **arguments).wait()

    def _arguments(self, connection: Connection) -> dict[str, Any]:
        extra = connection.extra_dejson
        for name in _OF_AWS:
            if extra.get(name):
                raise TradewindException(
                    f"the extra of connection {connection.conn_id!r} has {name!r}: logins by AWS are not built; "
                    "give login and password"
                )
        if extra.get("sslpassword"):
            current().mask(str(extra["sslpassword"]))
        given = {
            "host": connection.host,
            "port": connection.port,
            "user": connection.login,
            "password": connection.password,
            "dbname": self.database or connection.schema,
            "application_name": (self.client_name or "tradewind").encode()[:_LONGEST_NAME].decode(errors="ignore"),
            "cursor_factory": self._cursor_factory(connection.conn_id, extra.get("cursor")),
            **{name: value for name, value in extra.items() if name not in _NOT_FOR_THE_DRIVER},
        }
        if self.options:
            given["options"] = self.options
        return {name: value for name, value in given.items() if value not in (None, "")}

    @staticmethod
    def _cursor_factory(conn_id: str, kind: str | None) -> Any:
        if not kind:
            return None
        if kind.lower() not in _CURSORS:
            raise TradewindException(
                f"the extra of connection {conn_id!r} has the cursor {kind!r}; there are {', '.join(_CURSORS)}"
            )
        return getattr(extras, _CURSORS[kind.lower()])

    def wait_for(self, conn: Any, call: Callable[..., Any], *arguments: Any) -> Any:
        """Make a call of the driver's in a thread: in the main one it would keep signals waiting, which end a task.

        Whatever interrupts the wait also ends the statement on the server.
        """
        done = _Call(call, *arguments)
        self._waited_for.append(conn)
        try:
            return done.wait()
        except BaseException:
            # Until it has ended, as else the connection could not be closed; more than once, as what has not yet begun
            # cannot be ended
            while done.is_running():
                self._cancel_on(conn)
                done.join(_PATIENCE)
            raise
        finally:
            self._waited_for.remove(conn)
            if self.enable_log_db_messages:
                self._log_messages(conn)

    def cancel(self) -> None:
        """Have the server end the statements that are running, by `pg_cancel`; without one nothing happens."""
        for conn in list(self._waited_for):
            self._cancel_on(conn)

    def _cancel_on(self, conn: Any) -> None:
        try:
            conn.cancel()
        except psycopg2.Error as error:
            # The server may be away; then there is nothing that could be ended
            self.log.warning("The statement could not be ended on the server: %s", error)

    def _log_messages(self, conn: Any) -> None:
        for message in conn.notices:
            self.log.info("%s", message.strip())
        del conn.notices[:]

    def reading_cursor(self, conn: Any, batch_rows: int) -> Any:
        """Return a cursor that the server keeps; the driver's own would read all rows at once."""
        cursor = conn.cursor(name=_STREAM)
        cursor.itersize = batch_rows
        return cursor

    def insert_batch(
        self,
        cursor: Any,
        table: str,
        rows: Sequence[Sequence[Any]],
        target_fields: Sequence[str] | None,
        replace: bool,
        *,
        replace_index: str | Sequence[str] | None = None,
    ) -> None:
        """Insert rows by one statement; a dict is written as JSON.

        Arguments:
            cursor: an open one.
            table: as SQL has it.
            rows: all of one width.
            target_fields: the columns; needed for `replace`.
            replace: update the row that has the same key (`ON CONFLICT`).
            replace_index: the column or columns of that key; needed for `replace`.

        Raises:
            TradewindException: `replace` lacks what it needs.
        """
        columns = f" ({', '.join(target_fields)})" if target_fields else ""
        conflict = self._conflict(table, target_fields, replace_index) if replace else ""
        statement = f"INSERT INTO {table}{columns} VALUES %s{conflict}"
        adapted = [[extras.Json(cell) if isinstance(cell, dict) else cell for cell in row] for row in rows]
        self.wait_for(cursor.connection, extras.execute_values, cursor, statement, adapted, None, len(rows))

    @staticmethod
    def _conflict(table: str, target_fields: Sequence[str] | None, replace_index: str | Sequence[str] | None) -> str:
        if not target_fields or not replace_index:
            raise TradewindException(
                f"insert_rows into {table} with replace=True needs target_fields, the columns, "
                "and replace_index, the columns of the key"
            )
        keys = [replace_index] if isinstance(replace_index, str) else list(replace_index)
        updated = [f"{name} = excluded.{name}" for name in target_fields if name not in keys]
        action = f"UPDATE SET {', '.join(updated)}" if updated else "NOTHING"
        return f" ON CONFLICT ({', '.join(keys)}) DO {action}"

    def copy_expert(self, sql: str, filename: str) -> None:
        """Run a COPY between a file of this machine and the server.

        Arguments:
            sql: a `COPY … FROM STDIN` or `COPY … TO STDOUT`.
            filename: the file, which is made if there is none. What it holds beyond what was read or written is cut off.
        """
        self.log.info("Running copy: %s, file: %s", sql, filename)
        path = Path(filename)
        path.touch()
        with path.open("r+b") as file, self.naming_errors(*self.connection_errors()), closing(self.get_conn()) as conn:
            with closing(conn.cursor()) as cursor:
                self.wait_for(conn, cursor.copy_expert, sql, file)
            file.truncate(file.tell())
            conn.commit()

    def bulk_load(self, table: str, tmp_file: str) -> None:
        """Load a file of tab-separated text into a table."""
        self.copy_expert(f"COPY {table} FROM STDIN", tmp_file)

    def bulk_dump(self, table: str, tmp_file: str) -> None:
        """Write a table to a file, as tab-separated text."""
        self.copy_expert(f"COPY {table} TO STDOUT", tmp_file)

    def get_table_primary_key(self, table: str, schema: str | None = "public") -> list[str] | None:
        """Return the columns of a table's primary key in their order; None where it has none.

        Arguments:
            table: its name alone.
            schema: where it is.
        """
        rows = self.run(
            "SELECT keys.column_name FROM information_schema.table_constraints AS constraints"
            " JOIN information_schema.key_column_usage AS keys"
            " USING (constraint_schema, constraint_name, table_schema, table_name)"
            " WHERE constraints.constraint_type = 'PRIMARY KEY'"
            " AND constraints.table_schema = %s AND constraints.table_name = %s ORDER BY keys.ordinal_position",
            parameters=[schema, table],
            handler=lambda cursor: cursor.fetchall(),
        )
        names = [str(next(iter(row.values())) if isinstance(row, Mapping) else row[0]) for row in rows]
        return names or None

    def get_uri(self) -> str:
        """Return `postgresql://…` for libpq and SQLAlchemy, with the extra's parameters. It holds the secrets."""
        connection = self.get_connection(self.connection_id)
        extra = {name: str(value) for name, value in connection.extra_dejson.items() if name not in _NOT_FOR_THE_DRIVER}
        whole = connection.replace(
            conn_type="postgresql", schema=self.database or connection.schema, extra=extra or None
        )
        return whole.get_uri()


class _Call:
    """A call that a thread makes, so that signals reach the one that waits for it."""

    def __init__(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> None:
        self._call = call
        self._arguments = arguments
        self._named = named
        self._value: Any = None
        self._error: BaseException | None = None
        # Not the thread's own join: interrupted, it takes the thread for ended
        self._ended = threading.Event()

    def wait(self) -> Any:
        """Make the call and return what it returns, or raise what it raises."""
        threading.Thread(target=self._make, daemon=True).start()
        self._ended.wait()
        if self._error is not None:
            raise self._error
        return self._value

    def is_running(self) -> bool:
        """Return whether the call goes on, though the wait for it has been interrupted."""
        return not self._ended.is_set()

    def join(self, seconds: float) -> None:
        """Wait until the call has ended, however it ends, or so many seconds."""
        self._ended.wait(seconds)

    def _make(self) -> None:
        try:
            self._value = self._call(*self._arguments, **self._named)
        except BaseException as error:  # noqa: BLE001 - it is raised where the call is waited for
            self._error = error
        finally:
            self._ended.set()

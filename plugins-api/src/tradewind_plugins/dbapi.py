"""The base of hooks whose client is a DB-API 2 connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any, ClassVar

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.sql import split_statements as split_at_semicolons

__all__ = ["DbApiHook", "fetch_all_handler", "fetch_one_handler"]


def fetch_all_handler(cursor: Any) -> list[Any] | None:
    """Return all rows, or None where the statement returns none."""
    return None if cursor.description is None else list(cursor.fetchall())


def fetch_one_handler(cursor: Any) -> Any:
    """Return the first row, or None."""
    return None if cursor.description is None else cursor.fetchone()


class DbApiHook(BaseHook):
    """SQL over a DB-API 2 connection. A subclass gives `get_conn` and, where it differs, `placeholder`."""

    placeholder: ClassVar[str] = "%s"
    """How the driver writes a bound parameter."""
    supports_autocommit: ClassVar[bool] = False
    """Whether the driver's connection has an autocommit mode."""

    def __init__(self, conn_id: str | None = None, **kwargs: Any) -> None:
        """Remember the connection's id, given by position or under the hook's own `conn_name_attr`.

        Raises:
            TypeError: There is another argument.
            TradewindException: There is neither an id nor a default.
        """
        super().__init__()
        chosen = kwargs.pop(self.conn_name_attr, None) or conn_id or self.default_conn_name
        if kwargs:
            raise TypeError(f"{type(self).__name__} has no argument {', '.join(sorted(kwargs))}")
        if not chosen:
            raise TradewindException(f"{type(self).__name__} needs {self.conn_name_attr}, the id of a connection")
        setattr(self, self.conn_name_attr, chosen)

    def connection_errors(self) -> tuple[type[BaseException], ...]:
        """Return what the driver raises where the database cannot be reached, refuses the login or goes away.

        A method, as the driver is imported when it is used. These become `ConnectionFailed`.
        """
        return ()

    def set_autocommit(self, conn: Any, autocommit: bool) -> None:
        """Switch the driver's autocommit mode, where it has one; called before each transaction."""
        if self.supports_autocommit:
            conn.autocommit = autocommit

    def run(  # noqa: PLR0917 - Airflow's order
        self,
        sql: str | Iterable[str],
        autocommit: bool = False,
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        handler: Callable[[Any], Any] | None = None,
        split_statements: bool = False,
        return_last: bool = True,
    ) -> Any:
        """Run statements in one transaction (or each in its own with `autocommit`) and close the connection.

        Args:
            sql: One statement, or several.
            autocommit: Commit after each statement.
            parameters: Bound to every statement.
            handler: Called with the cursor after each statement; its answers are the result.
            split_statements: Split a single text at its semicolons.
            return_last: With several statements: return the last answer only.

        Returns:
            None without a handler; the answer for a single text that was not split; else the last answer or, with
            `return_last=False`, all.

        Raises:
            TradewindException: There is no statement.
        """
        whole = isinstance(sql, str) and not split_statements
        statements = self._statements(sql, split_statements)
        if not statements:
            raise TradewindException("there is no SQL statement to run")
        with self.naming_errors(*self.connection_errors()), closing(self.get_conn()) as conn:
            self.set_autocommit(conn, autocommit)
            answers = [self._run_one(conn, statement, parameters, handler, autocommit) for statement in statements]
            if not autocommit:
                conn.commit()
        if handler is None:
            return None
        return answers[-1] if whole or return_last else answers

    @classmethod
    def split_sql_string(cls, sql: str) -> list[str]:
        """Split a text into its statements. A hook whose SQL has semicolons inside of statements overrides this."""
        return split_at_semicolons(sql)

    def _statements(self, sql: str | Iterable[str], split: bool) -> list[str]:
        if not isinstance(sql, str):
            return [statement for statement in sql if statement.strip()]
        if split:
            return self.split_sql_string(sql)
        return [sql] if sql.strip() else []

    def _run_one(
        self,
        conn: Any,
        statement: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None,
        handler: Callable[[Any], Any] | None,
        commit: bool,
    ) -> Any:
        self.log.info("Running statement: %s", statement)
        with closing(conn.cursor()) as cursor:
            if parameters:
                cursor.execute(statement, parameters)
            else:
                cursor.execute(statement)
            answer = None if handler is None else handler(cursor)
        if commit:
            conn.commit()
        return answer

    def get_records(self, sql: str | Iterable[str], parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> Any:
        """Run a query and return all its rows."""
        return self.run(sql, parameters=parameters, handler=fetch_all_handler)

    def get_first(self, sql: str | Iterable[str], parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> Any:
        """Run a query and return its first row, or None."""
        return self.run(sql, parameters=parameters, handler=fetch_one_handler)

    def insert_rows(
        self,
        table: str,
        rows: Iterable[Sequence[Any]],
        target_fields: Sequence[str] | None = None,
        commit_every: int = 1000,
        replace: bool = False,
    ) -> int:
        """Insert rows by bound parameters.

        Args:
            table: The table, as SQL has it.
            rows: Any iterable; it is read as it is needed.
            target_fields: The columns; None means all in the table's order.
            commit_every: Rows a transaction; 0 means one transaction for all.
            replace: Replace rows of the same key, where the database can (`REPLACE INTO`).

        Returns:
            How many rows were written.
        """
        written = 0
        with self.naming_errors(*self.connection_errors()), closing(self.get_conn()) as conn:
            self.set_autocommit(conn, False)
            with closing(conn.cursor()) as cursor:
                for row in rows:
                    cursor.execute(self._insert_sql(table, len(row), target_fields, replace), tuple(row))
                    written += 1
                    if commit_every and written % commit_every == 0:
                        conn.commit()
                        self.set_autocommit(conn, False)
            conn.commit()
        return written

    def _insert_sql(self, table: str, width: int, target_fields: Sequence[str] | None, replace: bool) -> str:
        columns = f" ({', '.join(target_fields)})" if target_fields else ""
        verb = "REPLACE INTO" if replace else "INSERT INTO"
        return f"{verb} {table}{columns} VALUES ({', '.join([self.placeholder] * width)})"

    def test_connection(self) -> tuple[bool, str]:
        """Run `select 1` and return whether it worked, with a sentence for people."""
        try:
            self.get_first("select 1")
        except Exception as error:  # noqa: BLE001 - whatever a driver raises is the answer here
            return False, str(error)
        return True, "Connection successfully tested"

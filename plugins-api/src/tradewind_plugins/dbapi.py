"""The base of hooks whose client is a DB-API 2 connection."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import groupby, islice
from typing import Any, ClassVar

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.hook import BaseHook
from tradewind_plugins.sql import split_statements as split_at_semicolons

__all__ = ["DbApiHook", "fetch_all_handler", "fetch_one_handler"]

pandas = lazy_client("pandas", distribution="pandas")

_MOST_ROWS = 1000  # of one batch, where no other number is asked for


def fetch_all_handler(cursor: Any) -> list[Any] | None:
    """Return all rows, or None where the statement returns none."""
    return None if cursor.description is None else list(cursor.fetchall())


def fetch_one_handler(cursor: Any) -> Any:
    """Return the first row, or None."""
    return None if cursor.description is None else cursor.fetchone()


class DbApiHook(BaseHook):
    """SQL over a DB-API 2 connection. A subclass gives `get_conn` and, where it differs, `placeholder`.

    Where a driver needs it, a subclass also overrides `wait_for` and `cancel` (ending a statement), `reading_cursor`
    (rows as they come), `insert_batch` (many rows at once) and `split_sql_string`.
    """

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
        self.client_name = ""
        """Whose statements they are, for databases that show it; operators put their DAG and task here."""
        self.descriptions: list[Any] = []
        """What the cursor told of the columns of each statement of the last `run` with a handler, or `iterate`."""

    @property
    def last_description(self) -> Any:
        """What the cursor told of the columns of the last statement; None where it returned no rows."""
        return self.descriptions[-1] if self.descriptions else None

    def connection_errors(self) -> tuple[type[BaseException], ...]:
        """Return what the driver raises where the database cannot be reached, refuses the login or goes away.

        A method, as the driver is imported when it is used. These become `ConnectionFailed`.
        """
        return ()

    def set_autocommit(self, conn: Any, autocommit: bool) -> None:
        """Switch the driver's autocommit mode, where it has one; called before each transaction."""
        if self.supports_autocommit:
            conn.autocommit = autocommit

    def get_autocommit(self, conn: Any) -> bool:
        """Return whether each statement of a connection commits by itself."""
        return bool(getattr(conn, "autocommit", False)) and self.supports_autocommit

    def wait_for(self, conn: Any, call: Callable[..., Any], *arguments: Any) -> Any:
        """Make a call of the driver's that may take long, such as that of a cursor's `execute`, and return its result.

        A subclass whose driver keeps signals waiting meanwhile overrides this, so that a task can be ended.
        """
        return call(*arguments)

    def cancel(self) -> None:
        """End the statement that is running, where the driver can; operators call it when they are killed."""

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
            self.descriptions = []
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
            self._execute(conn, cursor, statement, parameters)
            answer = None if handler is None else handler(cursor)
            if handler is not None:
                self.descriptions.append(cursor.description)
        if commit:
            conn.commit()
        return answer

    def _execute(self, conn: Any, cursor: Any, statement: str, parameters: Any) -> None:
        if parameters:
            self.wait_for(conn, cursor.execute, statement, parameters)
        else:
            self.wait_for(conn, cursor.execute, statement)

    def get_records(self, sql: str | Iterable[str], parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> Any:
        """Run a query and return all its rows."""
        return self.run(sql, parameters=parameters, handler=fetch_all_handler)

    def get_first(self, sql: str | Iterable[str], parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> Any:
        """Run a query and return its first row, or None."""
        return self.run(sql, parameters=parameters, handler=fetch_one_handler)

    def iterate(
        self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None, batch_rows: int = _MOST_ROWS
    ) -> Generator[Any, None, None]:
        """Run a query and yield its rows as they are read, so that there may be more than fit into memory.

        The connection stays open until the last row, or until the generator is closed.

        Args:
            sql: One query.
            parameters: Bound to it.
            batch_rows: How many rows are asked of the database at once.
        """
        with self.naming_errors(*self.connection_errors()), closing(self.get_conn()) as conn:
            self.set_autocommit(conn, False)
            with closing(self.reading_cursor(conn, batch_rows)) as cursor:
                self.log.info("Running statement: %s", sql)
                self._execute(conn, cursor, sql, parameters)
                while True:
                    rows = self.wait_for(conn, cursor.fetchmany, batch_rows)
                    self.descriptions = [cursor.description]
                    if not rows:
                        return
                    yield from rows

    def reading_cursor(self, conn: Any, batch_rows: int) -> Any:
        """Return a cursor that reads rows in batches; where the driver's plain ones read all at once, another kind."""
        return conn.cursor()

    def get_pandas_df(
        self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        """Run a query and return its rows as a pandas DataFrame.

        Args:
            sql: One query.
            parameters: Bound to it.
            kwargs: For `pandas.DataFrame.from_records`, such as `index`.
        """
        rows = self.run(sql, parameters=parameters, handler=fetch_all_handler)
        names = [column[0] for column in self.last_description or ()]
        return pandas.DataFrame.from_records(rows or [], **{"columns": names, "coerce_float": True, **kwargs})

    def get_pandas_df_by_chunks(
        self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None, *, chunksize: int
    ) -> Iterator[Any]:
        """Run a query and yield DataFrames of at most `chunksize` rows each, read as they are needed."""
        with closing(self.iterate(sql, parameters, chunksize)) as left:
            while True:
                rows = list(islice(left, chunksize))
                if not rows:
                    return
                names = [column[0] for column in self.last_description]
                yield pandas.DataFrame.from_records(rows, columns=names, coerce_float=True)

    def insert_rows(
        self,
        table: str,
        rows: Iterable[Sequence[Any]],
        target_fields: Sequence[str] | None = None,
        commit_every: int = 1000,
        replace: bool = False,
        **options: Any,
    ) -> int:
        """Insert rows by bound parameters.

        Args:
            table: The table, as SQL has it.
            rows: Any iterable; it is read as it is needed.
            target_fields: The columns; None means all in the table's order.
            commit_every: Rows a transaction; 0 means one transaction for all.
            replace: Replace rows of the same key, where the database can (`REPLACE INTO`).
            options: What a hook's own `insert_batch` takes. Airflow's `executemany` and `fast_executemany` ask for
                nothing here: rows are always written in batches.

        Returns:
            How many rows were written.
        """
        own = {name: value for name, value in options.items() if name not in {"executemany", "fast_executemany"}}
        written = 0
        left = iter(rows)
        with self.naming_errors(*self.connection_errors()), closing(self.get_conn()) as conn:
            self.set_autocommit(conn, False)
            with closing(conn.cursor()) as cursor:
                while True:
                    batch = [tuple(row) for row in islice(left, commit_every or _MOST_ROWS)]
                    if not batch:
                        break
                    if written and commit_every:
                        self.set_autocommit(conn, False)
                    for _, alike in groupby(batch, len):
                        self.insert_batch(cursor, table, list(alike), target_fields, replace, **own)
                    written += len(batch)
                    if commit_every:
                        conn.commit()
            conn.commit()
        self.log.info("Wrote %d rows to %s.", written, table)
        return written

    def insert_batch(
        self,
        cursor: Any,
        table: str,
        rows: Sequence[Sequence[Any]],
        target_fields: Sequence[str] | None,
        replace: bool,
    ) -> None:
        """Insert rows that are all of one width, by an open cursor. A driver with a quicker way overrides this."""
        cursor.executemany(self._insert_sql(table, len(rows[0]), target_fields, replace), rows)

    def bulk_load(self, table: str, tmp_file: str) -> None:
        """Load a file into a table, in the database's own format."""
        raise NotImplementedError(f"{type(self).__name__} has no bulk load")

    def bulk_dump(self, table: str, tmp_file: str) -> None:
        """Write a table to a file, in the database's own format."""
        raise NotImplementedError(f"{type(self).__name__} has no bulk dump")

    def get_uri(self) -> str:
        """Return the connection as a URI. It holds the secrets."""
        return self.get_connection(self.connection_id).get_uri()

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

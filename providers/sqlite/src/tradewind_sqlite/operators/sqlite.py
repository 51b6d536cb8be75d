"""The operator for SQLite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tradewind_plugins.dbapi import fetch_all_handler
from tradewind_plugins.operator import BaseOperator

from tradewind_sqlite.hooks.sqlite import SqliteHook

__all__ = ["SqliteOperator"]


class SqliteOperator(BaseOperator):
    """Run SQL in a SQLite file.

    The result is what the last statement answers: a list of rows, or None where it has none.

    Arguments:
        sql: statements as one text, as a list of texts, or as the path of a `.sql` file (templated).
        sqlite_conn_id: the connection whose host is the path of the file.
        parameters: values for `?` (a list) or `:name` (a dict), bound to every statement (templated).
        autocommit: commit after each statement; else all run in one transaction, or none does.
        database: the path of another file than the connection's (templated).
        handler: called with the cursor after each statement, in place of fetching all rows.
        split_statements: split a text at its semicolons. SQLite runs one statement at a time.
        return_last: the result is that of the last statement; else a list with that of each.
    """

    template_fields = ("sql", "parameters", "database")
    template_ext = (".sql",)
    template_fields_renderers: Mapping[str, str] = {"sql": "sql", "parameters": "json"}
    ui_color = "#d8e6d0"

    def __init__(
        self,
        *,
        sql: str | Sequence[str],
        sqlite_conn_id: str = "sqlite_default",
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        autocommit: bool = False,
        database: str | None = None,
        handler: Callable[[Any], Any] = fetch_all_handler,
        split_statements: bool = True,
        return_last: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sql = sql
        self.sqlite_conn_id = sqlite_conn_id
        self.parameters = parameters
        self.autocommit = autocommit
        self.database = database
        self.handler = handler
        self.split_statements = split_statements
        self.return_last = return_last

    def execute(self, context: Any) -> Any:
        """Run the statements and return what the handler makes of them; None with `do_xcom_push=False`."""
        hook = SqliteHook(self.sqlite_conn_id, database=self.database)
        return hook.run(
            self.sql,
            autocommit=self.autocommit,
            parameters=self.parameters,
            handler=self.handler if self.do_xcom_push else None,
            split_statements=self.split_statements,
            return_last=self.return_last,
        )

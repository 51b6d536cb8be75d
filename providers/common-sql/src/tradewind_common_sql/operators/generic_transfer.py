"""The operator that copies rows from one database to another."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from tradewind_plugins.operator import BaseOperator

from tradewind_common_sql.databases import database_hook

if TYPE_CHECKING:
    from tradewind_plugins.dbapi import DbApiHook

__all__ = ["GenericTransfer"]


class GenericTransfer(BaseOperator):
    """Copy what a query returns into a table of another database.

    Rows are read and written in batches, so that there may be more than fit into memory. The query is asked before
    `preoperator` runs, and what it returned by then is not lost by it.

    Arguments:
        sql: the query, or a list of queries whose rows follow each other (templated).
        destination_table: the table that the rows go to, as SQL has it (templated).
        source_conn_id: the connection of the query (templated).
        destination_conn_id: the connection of the table (templated).
        preoperator: statements for the destination before the first row is written, one text or a list (templated).
        insert_args: further arguments for the destination hook's `insert_rows`, such as `commit_every`, `replace` and
            `target_fields` (templated).
        source_hook_params: further arguments for the source's hook.
        destination_hook_params: further arguments for the destination's hook.
        batch_rows: how many rows are asked of the source at once.
    """

    template_fields: Sequence[str] = (
        "source_conn_id",
        "destination_conn_id",
        "sql",
        "destination_table",
        "preoperator",
        "insert_args",
    )
    template_ext: Sequence[str] = (".sql", ".hql")
    template_fields_renderers: Mapping[str, str] = {"sql": "sql", "preoperator": "sql", "insert_args": "json"}
    ui_color = "#cdd9c4"
    _hooks: Sequence[DbApiHook] = ()  # those at work, for on_kill

    def __init__(
        self,
        *,
        sql: str | Sequence[str],
        destination_table: str,
        source_conn_id: str,
        destination_conn_id: str,
        preoperator: str | Sequence[str] | None = None,
        insert_args: Mapping[str, Any] | None = None,
        source_hook_params: Mapping[str, Any] | None = None,
        destination_hook_params: Mapping[str, Any] | None = None,
        batch_rows: int = 1000,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sql = sql
        self.destination_table = destination_table
        self.source_conn_id = source_conn_id
        self.destination_conn_id = destination_conn_id
        self.preoperator = preoperator
        self.insert_args = insert_args
        self.source_hook_params = source_hook_params
        self.destination_hook_params = destination_hook_params
        self.batch_rows = batch_rows

    def execute(self, context: Any) -> int:
        """Copy, and return how many rows were written."""
        name = f"{self.dag_id}.{self.task_id}"
        source = database_hook(self.source_conn_id, hook_params=self.source_hook_params, client_name=name)
        destination = database_hook(
            self.destination_conn_id, hook_params=self.destination_hook_params, client_name=name
        )
        self._hooks = (source, destination)
        with closing(self._rows(source)) as rows:
            # The first row is asked for before the preoperator, as that may empty the very table that is read
            first = list(islice(rows, 1))
            if self.preoperator:
                self.log.info("Running the preoperator.")
                destination.run(self.preoperator)
            return destination.insert_rows(
                table=self.destination_table, rows=chain(first, rows), **(self.insert_args or {})
            )

    def on_kill(self) -> None:
        """End the statements that are running, where the databases' drivers can."""
        for hook in self._hooks:
            hook.cancel()

    def _rows(self, source: DbApiHook) -> Generator[Any, None, None]:
        for query in [self.sql] if isinstance(self.sql, str) else self.sql:
            for row in source.iterate(query, batch_rows=self.batch_rows):
                yield tuple(row.values()) if isinstance(row, Mapping) else row

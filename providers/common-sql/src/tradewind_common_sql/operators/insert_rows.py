"""The operator that writes rows which another task returned into a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tradewind_plugins.exceptions import TradewindException

from tradewind_common_sql.operators.sql import BaseSQLOperator

__all__ = ["SQLInsertRowsOperator"]


class SQLInsertRowsOperator(BaseSQLOperator):
    """Insert rows into a table.

    Arguments:
        table_name: the table (templated).
        rows: lists of cells, or dicts by column; most often what another task returned (templated).
        schema: the schema of the table (templated).
        columns: the columns of the cells; None for all in the table's order, or those of the first dict (templated).
        ignored_columns: columns that are left out, with their cells (templated).
        rows_processor: called with the rows and the context by keyword; returns the rows to write.
        preoperator: statements before the first row is written, one text or a list (templated).
        postoperator: statements after the last row is written, likewise (templated).
        insert_args: further arguments for the hook's `insert_rows`, such as `commit_every` and `replace` (templated).
    """

    template_fields: Sequence[str] = (
        "table_name",
        "rows",
        "schema",
        "columns",
        "ignored_columns",
        "preoperator",
        "postoperator",
        "insert_args",
        *BaseSQLOperator.template_fields,
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers: Mapping[str, str] = {"preoperator": "sql", "postoperator": "sql", "insert_args": "json"}
    ui_color = "#cdd9c4"

    def __init__(
        self,
        *,
        table_name: str,
        rows: Any = None,
        schema: str | None = None,
        columns: Sequence[str] | None = None,
        ignored_columns: Sequence[str] | None = None,
        rows_processor: Callable[..., Iterable[Any]] | None = None,
        preoperator: str | Sequence[str] | None = None,
        postoperator: str | Sequence[str] | None = None,
        insert_args: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.table_name = table_name
        self.rows = rows
        self.schema = schema
        self.columns = columns
        self.ignored_columns = ignored_columns
        self.rows_processor = rows_processor
        self.preoperator = preoperator
        self.postoperator = postoperator
        self.insert_args = insert_args

    def execute(self, context: Any) -> int:
        """Write the rows, and return how many there were.

        Raises:
            TradewindException: there are ignored columns, and nothing says which cell is of which column.
        """
        rows = [*(self.rows or ())]
        if self.rows_processor is not None:
            rows = [*self.rows_processor(rows, **context)]
        if not rows:
            self.log.info("There are no rows for %s.", self.table_name)
            return 0
        hook = self.get_db_hook()
        if self.preoperator:
            hook.run(self.preoperator)
        columns, cells = self._chosen(rows)
        table = f"{self.schema}.{self.table_name}" if self.schema else self.table_name
        written = hook.insert_rows(table, cells, columns, **(self.insert_args or {}))
        if self.postoperator:
            hook.run(self.postoperator)
        return written

    def _chosen(self, rows: Sequence[Any]) -> tuple[list[str] | None, Iterable[Sequence[Any]]]:
        """Return the columns that are written, None for all, and of each row its cells."""
        is_named = isinstance(rows[0], Mapping)
        known = [*self.columns] if self.columns else [*rows[0]] if is_named else None
        if not self.ignored_columns and not is_named:
            return known, rows
        if known is None:
            raise TradewindException(
                f"Task {self.task_id!r}: ignored_columns needs columns, to say which cell is of which, or rows that are dicts"
            )
        kept = [name for name in known if name not in (self.ignored_columns or ())]
        if is_named:
            return kept, ([row[name] for name in kept] for row in rows)
        places = [known.index(name) for name in kept]
        return kept, ([row[place] for place in places] for row in rows)

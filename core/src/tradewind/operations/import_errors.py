"""Errors of DAG files. Who may see some DAGs only sees the errors of files that have one of them."""

from __future__ import annotations

from dataclasses import replace

from tradewind.metadata.statements import file_problems
from tradewind.metadata.statements.file_problems import ImportErrorRow
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import NotFoundError
from tradewind.operations.paging import Page, Paging

HIDDEN = "The file also has DAGs that you may not see, so that what is wrong with it is not shown."


@operation("import_errors.list")
def list_import_errors(context: Context, *, page: Paging) -> Page[ImportErrorRow]:
    """Return the files whose last import failed, by path or in another order of `file_problems.ORDERS`."""
    with context.read() as connection:
        total = file_problems.count_errors(connection, dags=context.dags)
        rows = file_problems.page_of_errors(
            connection,
            limit=page.limit,
            offset=page.offset,
            order_by=page.order_by,
            is_descending=page.is_descending,
            dags=context.dags,
        )
    return Page([_shown(each) for each in rows], total)


@operation("import_errors.get")
def get_import_error(context: Context, *, id: int) -> ImportErrorRow:  # noqa: A002 - the name of the argument
    """Return the error of a file by its number, which stays as long as the file has its name.

    Raises:
        NotFoundError: no file that the caller may know of has such an error, now.
    """
    with context.read() as connection:
        found = file_problems.find_error(connection, id, dags=context.dags)
    if found is None:
        raise NotFoundError(f"There is no import error {id}.")
    return _shown(found)


def _shown(row: ImportErrorRow) -> ImportErrorRow:
    return replace(row, line=None, error=HIDDEN, trace=None) if row.is_shared else row

"""DAG files, and how their last import went."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from tradewind.metadata.statements import file_problems, listings
from tradewind.metadata.statements.listings import FileRow
from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Page, Paging

HIDDEN = "The file also has DAGs that you may not see, so that what is wrong with it is not shown."


@operation("dag_files.list")
def list_files(context: Context, *, page: Paging) -> Page[FileRow]:
    """Return the DAG files that are there, the slowest to import first; those only that have a DAG the caller may see."""
    allowed = context.dags
    with context.read() as connection:
        rows = listings.list_files(connection)
        if allowed is not None:
            shared = file_problems.files_of(connection, allowed)
            rows = [
                _cut_down(each, allowed) if shared[each.bundle, each.path] else each
                for each in rows
                if (each.bundle, each.path) in shared
            ]
    return Page(rows[page.offset : page.offset + page.limit], len(rows))


def _cut_down(row: FileRow, allowed: Collection[str]) -> FileRow:
    visible = tuple(each for each in row.dags if each in allowed)
    return replace(row, dags=visible, error=row.error and HIDDEN, warnings=(HIDDEN,) if row.warnings else ())

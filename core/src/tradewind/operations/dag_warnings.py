"""What is questionable about DAGs, though they can be imported."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

from tradewind.metadata.statements import file_problems
from tradewind.metadata.statements.file_problems import DagWarningRow, FileWarningRow
from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Page, Paging

HIDDEN = "It is about a file that also has DAGs that you may not see, so that it is not shown."
_NEVER = datetime(1970, 1, 1, tzinfo=timezone.utc)


@operation("dag_warnings.list")
def list_dag_warnings(
    context: Context, *, page: Paging, dag_id: str | None = None, warning_type: str | None = None
) -> Page[DagWarningRow]:
    """Return the warnings about active DAGs that the caller may see, by DAG or in another of `WARNING_ORDERS`.

    Arguments:
        dag_id: about this DAG only.
        warning_type: of this type only.
    """
    with context.read() as connection:
        found = file_problems.warnings_of_dags(connection, dag_id=dag_id, dags=context.dags)
    rows = [_shown(each) for each in found if warning_type in {None, each.warning_type}]
    rows.sort(key=lambda each: (each.dag_id, each.warning_type, each.message))
    if page.order_by == "timestamp":
        rows.sort(key=lambda each: each.timestamp or _NEVER, reverse=page.is_descending)
    elif page.order_by is not None:
        name = page.order_by
        rows.sort(key=lambda each: str(getattr(each, name)), reverse=page.is_descending)
    return Page(rows[page.offset : page.offset + page.limit], len(rows))


@operation("dag_warnings.list")
def list_file_warnings(context: Context, *, page: Paging) -> Page[FileWarningRow]:
    """Return what was found questionable in DAG files that the caller may know of, by path."""
    with context.read() as connection:
        found = file_problems.warnings_of_files(connection, dags=context.dags)
    rows = [replace(each, message=HIDDEN) if each.is_shared else each for each in found]
    return Page(rows[page.offset : page.offset + page.limit], len(rows))


def _shown(row: DagWarningRow) -> DagWarningRow:
    return replace(row, message=HIDDEN) if row.is_shared else row

"""What is wrong with DAG files: import errors with their traces, and warnings about DAGs and files."""

from __future__ import annotations

from typing import Any

from tradewind.operations.context import Context, operation
from tradewind.operations.dag_warnings import list_dag_warnings, list_file_warnings
from tradewind.operations.import_errors import list_import_errors
from tradewind.operations.paging import Paging
from tradewind.web.pages.filters import ListQuery, WarningsQuery
from tradewind.web.pages.page import Menu, Page


@operation("import_errors.list")
def import_error_list(context: Context, *, page: Paging) -> dict[str, Any]:
    """Return the files that cannot be imported, by path."""
    found = list_import_errors(context, page=page)
    return {"errors": found.rows, "total": found.total, "page": page}


@operation("dag_warnings.list")
def warning_list(context: Context, *, page: Paging, dag_id: str | None) -> dict[str, Any]:
    """Return the warnings about DAGs, by DAG; and where no DAG is named, about files too."""
    found = list_dag_warnings(context, page=page, dag_id=dag_id)
    files = list_file_warnings(context, page=page) if dag_id is None else None
    return {
        "warnings": found.rows,
        "files": files.rows if files is not None else [],
        "total": max(found.total, files.total if files is not None else 0),
        "page": page,
    }


PAGES = (
    Page(
        "/import-errors",
        import_error_list,
        "import_errors.html",
        query=ListQuery,
        menu=Menu("Browse", "Import errors", 6),
    ),
    Page("/warnings", warning_list, "warnings.html", query=WarningsQuery, menu=Menu("Browse", "Warnings", 7)),
)

"""Errors of DAG files."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.file_problems import ImportErrorCollection, ImportErrorListQuery, ImportErrorSchema
from tradewind.operations import import_errors

ROUTES = (
    Route(
        "GET",
        "/importErrors",
        import_errors.list_import_errors,
        query=ImportErrorListQuery,
        answer=ImportErrorCollection,
        name="get_import_errors",
    ),
    Route("GET", "/importErrors/{import_error_id}", import_errors.get_import_error, answer=ImportErrorSchema),
)

"""What is questionable about DAGs."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.file_problems import (
    DagWarningCollection,
    DagWarningListQuery,
    FileWarningCollection,
    FileWarningListQuery,
)
from tradewind.operations import dag_warnings

ROUTES = (
    Route(
        "GET",
        "/dagWarnings",
        dag_warnings.list_dag_warnings,
        query=DagWarningListQuery,
        answer=DagWarningCollection,
        name="get_dag_warnings",
    ),
    Route(
        "GET",
        "/fileWarnings",
        dag_warnings.list_file_warnings,
        query=FileWarningListQuery,
        answer=FileWarningCollection,
    ),
)

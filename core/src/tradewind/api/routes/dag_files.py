"""DAG files; Airflow 2 has no such list."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.file_problems import DagFileCollection, DagFileListQuery
from tradewind.operations import dag_files

ROUTES = (
    Route(
        "GET",
        "/dagFiles",
        dag_files.list_files,
        query=DagFileListQuery,
        answer=DagFileCollection,
        name="list_dag_files",
    ),
)

"""Versions of DAGs; Airflow 2 has none."""

from __future__ import annotations

from tradewind.api.route import Route
from tradewind.api.schemas.dag_versions import (
    ComparisonSchema,
    DagVersionCollection,
    DagVersionDetailSchema,
    DagVersionListQuery,
)
from tradewind.operations import dag_versions

VERSIONS = "/dags/{dag_id}/versions"

ROUTES = (
    Route(
        "GET",
        VERSIONS,
        dag_versions.list_versions,
        query=DagVersionListQuery,
        answer=DagVersionCollection,
        name="list_dag_versions",
    ),
    Route(
        "GET",
        f"{VERSIONS}/{{version_number}}",
        dag_versions.get_version,
        answer=DagVersionDetailSchema,
        name="get_dag_version",
    ),
    Route(
        "GET",
        f"{VERSIONS}/{{version_number}}/diff/{{other_version_number}}",
        dag_versions.compare_versions,
        answer=ComparisonSchema,
        name="compare_dag_versions",
    ),
)

"""Versions of a DAG: which there are, what differs between two, and the code of one."""

from __future__ import annotations

from typing import Any

from tradewind.metadata.statements.browsing import versions
from tradewind.operations.context import Context, operation
from tradewind.operations.dag_versions import get_version
from tradewind.operations.dags.reading import get_dag
from tradewind.operations.graphs import compare_graphs
from tradewind.operations.paging import Paging
from tradewind.operations.version_changes import list_changes
from tradewind.web.pages.highlighting import diff_lines, highlighted
from tradewind.web.pages.page import Page
from tradewind.web.pages.schemas import CodeQuery, CompareQuery, VersionsPageQuery

CHOICES = 50
"""Versions that are offered."""
MOST_DIFF_LINES = 10_000
"""Lines of a difference that are shown."""


@operation("dag_versions.list")
def versions_page(context: Context, *, dag_id: str, limit: int, offset: int) -> dict[str, Any]:
    """Return the versions of a DAG, the newest first, each with what it changed."""
    view = get_dag(context, dag_id=dag_id)
    found = list_changes(context, dag_id=dag_id, limit=limit, offset=offset)
    return {
        "dag": view,
        "changes": found.rows,
        "total": found.total,
        "page": Paging(limit, offset),
        "tab": "versions",
    }


@operation("dag_versions.compare")
def compare_page(context: Context, *, dag_id: str, number: int, other: int) -> dict[str, Any]:
    """Return what differs between two versions; the graph of both is a feed."""
    view = get_dag(context, dag_id=dag_id)
    compared = compare_graphs(context, dag_id=dag_id, number=number, other=other)
    found = compared.comparison
    told = {(each.task_id, each.field) for each in compared.own}
    lines = diff_lines(found.sources)
    return {
        "dag": view,
        "found": found,
        "own": compared.own,
        "following": [each for each in found.changes if (each.task_id, each.field) not in told],
        "numbers": _offered(context, dag_id, number, other),
        "lines": lines[:MOST_DIFF_LINES],
        "left_out": max(0, len(lines) - MOST_DIFF_LINES),
        "tab": "versions",
    }


@operation("dag_versions.get")
def code_page(context: Context, *, dag_id: str, number: int | None) -> dict[str, Any]:
    """Return the sources of a version, the file that makes the DAG first."""
    view = get_dag(context, dag_id=dag_id)
    found = get_version(context, dag_id=dag_id, number=view.row.version if number is None else number)
    files = sorted(found.files, key=lambda each: (each.path != found.version.path, each.path))
    return {
        "dag": view,
        "version": found.version,
        "files": [(each.path, None if each.text is None else highlighted(each.path, each.text)) for each in files],
        "numbers": _offered(context, dag_id, found.version.number),
        "tab": "code",
    }


def _offered(context: Context, dag_id: str, *chosen: int) -> list[int]:
    """Return the numbers of the newest versions and of those that are shown, the newest first."""
    with context.read() as connection:
        kept = versions.page(connection, dag_id, limit=CHOICES, is_descending=True)
    return sorted({each.number for each in kept} | {*chosen}, reverse=True)


PAGES = (
    Page("/dags/{dag_id}/versions", versions_page, "dag_versions.html", query=VersionsPageQuery),
    Page("/dags/{dag_id}/compare", compare_page, "dag_compare.html", query=CompareQuery),
    Page("/dags/{dag_id}/code", code_page, "dag_code.html", query=CodeQuery),
)

"""The list of DAGs, and the pages about one: grid, runs, details, code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tradewind.metadata.statements.browsing import grids
from tradewind.metadata.statements.browsing.dags import DagFilter
from tradewind.operations.context import Context, operation
from tradewind.operations.dags import reading
from tradewind.operations.grids import Grid, get_grid, visible
from tradewind.operations.import_errors import list_import_errors
from tradewind.operations.paging import Paging
from tradewind.operations.why import get_why
from tradewind.web.pages.page import Feed, Menu, Page
from tradewind.web.pages.schemas import DagListPageQuery, GridPageQuery, GridQuery

MOST_ERRORS = 5
LAST_RUNS = 14
"""Runs of each DAG that the list shows."""


@operation("dags.list")
def dag_list(context: Context, *, page: Paging, wanted: DagFilter) -> dict[str, Any]:
    """Return DAGs, each with its last runs."""
    found = reading.list_dags(context, page=page, wanted=wanted)
    with context.read() as connection:
        runs = grids.last_runs(connection, [view.row.dag_id for view in found.rows], most=LAST_RUNS)
    errors = list_import_errors(context, page=Paging(MOST_ERRORS)) if context.may("import_errors.list") else None
    return {
        "errors": errors,
        "dags": found.rows,
        "total": found.total,
        "page": page,
        "wanted": wanted,
        "runs": runs,
    }


@operation("dags.get")
def dag_page(context: Context, *, dag_id: str, most_runs: int, until: int | None) -> dict[str, Any]:
    """Return a DAG with what stands above its grid; the grid itself is a feed."""
    view = reading.get_dag(context, dag_id=dag_id)
    why = get_why(context, dag_id=dag_id).why if context.may("why.get", dag_id) else ""
    return {"dag": view, "why": why, "most_runs": most_runs, "until": until, "tab": "grid"}


@operation("task_instances.list")
def dag_grid(
    context: Context,
    *,
    dag_id: str,
    most_runs: int,
    until: int | None,
    first: int,
    number: int,
    open_groups: Sequence[str] | None,
    lines: bool,
) -> dict[str, Any]:
    """Return the grid in a compact form: columns are runs, rows are lines, and cells name both by their places."""
    grid = get_grid(
        context,
        dag_id=dag_id,
        most_runs=most_runs,
        until=until,
        first=first,
        number=number,
        open_groups=open_groups,
    )
    found = as_compact(grid, open_groups)
    return found if lines else {name: found[name] for name in ("runs", "cells")}


def as_compact(grid: Grid, open_groups: Sequence[str] | None) -> dict[str, Any]:
    """Return a grid as lists, as short as they can be: a page with 5,000 tasks waits for its bytes."""
    columns = {run.id: place for place, run in enumerate(grid.runs)}
    versions = sorted({run.version_id for run in grid.runs})
    rows = {(line.is_group, line.key): place for place, line in enumerate(grid.lines)}
    asked = [rows[line.is_group, line.key] for line in grid.asked]
    return {
        "runs": [
            {
                "key": str(run.id),
                "run_id": run.run_id,
                "type": run.run_type,
                "state": run.state,
                "version": run.number,
                "has": versions.index(run.version_id),
                "logical_date": _iso(run.logical_date),
                "start": _iso(run.started_at),
                "end": _iso(run.ended_at),
            }
            for run in grid.runs
        ],
        # Key, label, depth, kind, and the places of the versions that do not have it
        "lines": [
            [
                line.key,
                line.label,
                line.depth,
                "group" if line.is_group else "mapped" if line.is_mapped else "task",
                [place for place, version in enumerate(versions) if version not in line.versions],
                len(line.tasks),
            ]
            for line in grid.lines
        ],
        "shown": [rows[line.is_group, line.key] for line in visible(grid.lines, open_groups)],
        # Row, column, state, start, end, try; and counts where it stands for many
        "cells": [
            [asked[cell.line], columns[cell.run], *cell[2:6], *([cell.counts] if cell.counts else [])]
            for cell in grid.cells
        ],
    }


def _iso(value: Any) -> str | None:
    return None if value is None else value.isoformat()


@operation("dags.details")
def dag_details(context: Context, *, dag_id: str) -> dict[str, Any]:
    """Return all that the newest version of a DAG says of it."""
    view = reading.get_dag_details(context, dag_id=dag_id)
    tasks: Mapping[str, Any] = view.graph.tasks if view.graph is not None and view.shows_tasks else {}
    return {"dag": view, "graph": view.graph, "tasks": list(tasks.values()), "tab": "details"}


PAGES = (
    Page("/dags", dag_list, "dags.html", query=DagListPageQuery, menu=Menu("", "DAGs", 1)),
    Page("/dags/{dag_id}", dag_page, "dag_grid.html", query=GridPageQuery),
    Page("/dags/{dag_id}/details", dag_details, "dag_details.html"),
)
FEEDS = (Feed("/dags/{dag_id}/grid.json", dag_grid, query=GridQuery),)

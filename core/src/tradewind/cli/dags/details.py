"""The verbs of `tradewind dags` that show one DAG, or how the files were read."""

from __future__ import annotations

import argparse
import json
from functools import partial
from typing import Any

from tradewind.cli.dags.drawing import draw
from tradewind.cli.dags.drawing_files import add_drawing_options, write_drawing
from tradewind.cli.shared.finding import add_run_argument, find_dag, find_run
from tradewind.cli.shared.graphs import read_graph
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import Session, open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements import listings
from tradewind.serialization import SerializedDag


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    details = verbs.add("details", details_of_dag)
    details.add_argument("dag_id")
    add_output_option(details)
    state = verbs.add("state", state_of_run)
    state.add_argument("dag_id")
    add_run_argument(state)
    show = verbs.add("show", show_dag)
    show.add_argument("dag_id")
    add_drawing_options(show)
    add_output_option(verbs.add("report", report))


def details_of_dag(options: argparse.Namespace) -> None:
    """Show what is known of a DAG: schedule, limits, params, tasks, version."""
    with open_session() as session, session.database.read() as connection:
        row = find_dag(connection, options.dag_id)
        graph = read_graph(session, connection, row.version_id)
        version = listings.version_number(connection, row.version_id)
    shown = _details(row, graph, version)
    rows = [shown] if options.output in {"json", "yaml"} else [{"field": k, "value": v} for k, v in shown.items()]
    print_rows(rows, options.output)


def _details(row: listings.DagRow, graph: SerializedDag, version: int | None) -> dict[str, Any]:
    return {
        "dag_id": row.dag_id,
        "display_name": graph.display_name,
        "description": row.description,
        "file": row.path,
        "active": row.is_active,
        "paused": row.is_paused,
        "set_aside": row.quarantine,
        "version": version,
        "schedule": graph.timetable.summary,
        "timezone": graph.timezone,
        "start_date": graph.start_date,
        "end_date": graph.end_date,
        "catchup": graph.catchup if isinstance(graph.catchup, str) else "all" if graph.catchup else "latest",
        "next_run": row.next_run_at,
        "max_active_runs": graph.max_active_runs,
        "max_active_tasks": graph.max_active_tasks,
        "max_consecutive_failed_runs": graph.max_consecutive_failed_runs,
        "owners": list(graph.owners),
        "owner_links": dict(graph.owner_links),
        "tags": list(row.tags),
        "params": {name: param.to_spec() for name, param in graph.params.items()},
        "tasks": list(graph.tasks),
        "doc": graph.doc,
    }


def state_of_run(options: argparse.Namespace) -> None:
    """Print the state of a run, and its conf if it has one."""
    with open_session() as session, session.database.read() as connection:
        run = find_run(connection, options.dag_id, options.execution_date_or_run_id)
    print(run.state)
    if run.conf:
        print(json.dumps(run.conf, ensure_ascii=False))


def show_dag(options: argparse.Namespace) -> None:
    """Write a DAG's graph: as DOT, which Graphviz draws, as Mermaid, or as text."""
    with open_session() as session:
        graph = _graph(session, options.dag_id)
    write_drawing(partial(draw, graph), options)


def _graph(session: Session, dag_id: str) -> SerializedDag:
    with session.database.read() as connection:
        return read_graph(session, connection, find_dag(connection, dag_id).version_id)


def report(options: argparse.Namespace) -> None:
    """List the DAG files with the seconds that their last import took, the slowest first."""
    with open_session() as session, session.database.read() as connection:
        found = listings.list_files(connection)
        folder = session.config.dags.folder
    rows = [
        {
            "file": each.path,
            "seconds": each.seconds if each.seconds is None else round(each.seconds, 3),
            "dags": list(each.dags),
            "read": each.parsed_at,
            "error": each.error,
            "warnings": list(each.warnings),
        }
        for each in found
    ]
    print_rows(rows, options.output, empty=f"No files yet: put a Python file that makes a DAG into {folder}")

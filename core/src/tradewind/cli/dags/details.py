"""The verbs of `tradewind dags` that show one DAG, or how the files were read."""

from __future__ import annotations

import argparse
import json
from typing import Any

from tradewind.cli.dags.drawing_files import add_drawing_options, write_drawing
from tradewind.cli.shared.finding import add_run_argument
from tradewind.cli.shared.naming import ask_of_dag, find_run
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.config import load
from tradewind.operations.dag_files import list_files
from tradewind.operations.dags.drawing import draw_dag
from tradewind.operations.dags.reading import get_dag_details


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    details = verbs.add("details", details_of_dag, remote=True)
    details.add_argument("dag_id")
    add_output_option(details)
    state = verbs.add("state", state_of_run, remote=True)
    state.add_argument("dag_id")
    add_run_argument(state)
    show = verbs.add("show", show_dag, remote=True)
    show.add_argument("dag_id")
    add_drawing_options(show)
    add_output_option(verbs.add("report", report, remote=True))


def details_of_dag(options: argparse.Namespace) -> None:
    """Show what is known of a DAG: schedule, limits, params, tasks, version."""
    with open_operations(options) as operations:
        shown = _details(ask_of_dag(operations, get_dag_details, dag_id=options.dag_id))
    rows = [shown] if options.output in {"json", "yaml"} else [{"field": k, "value": v} for k, v in shown.items()]
    print_rows(rows, options.output)


def _details(found: Any) -> dict[str, Any]:
    row, graph = found.row, found.graph
    return {
        "dag_id": row.dag_id,
        "display_name": graph.display_name,
        "description": row.description,
        "file": row.path,
        "active": row.is_active,
        "paused": row.is_paused,
        "set_aside": row.quarantine,
        "version": row.version,
        "schedule": graph.timetable.summary,
        "timezone": graph.timezone,
        "start_date": graph.start_date,
        "end_date": graph.end_date,
        "catchup": graph.catchup if isinstance(graph.catchup, str) else "all" if graph.catchup else "latest",
        "next_run": row.due_at,
        "max_active_runs": row.max_active_runs,
        "max_active_tasks": row.max_active_tasks,
        "max_consecutive_failed_runs": graph.max_consecutive_failed_runs,
        "owners": list(graph.owners),
        "owner_links": dict(graph.owner_links),
        "tags": json.loads(row.tags),
        "params": {name: param.to_spec() for name, param in graph.params.items()},
        "tasks": list(graph.tasks),
        "doc": graph.doc,
    }


def state_of_run(options: argparse.Namespace) -> None:
    """Print the state of a run, and its conf if it has one."""
    with open_operations(options) as operations:
        run = find_run(operations, options.dag_id, options.execution_date_or_run_id)
    print(run.state)
    conf = json.loads(run.conf)
    if conf:
        print(json.dumps(conf, ensure_ascii=False))


def show_dag(options: argparse.Namespace) -> None:
    """Write a DAG's graph: as DOT, which Graphviz draws, as Mermaid, or as text."""
    with open_operations(options) as operations:
        write_drawing(
            lambda style: ask_of_dag(operations, draw_dag, dag_id=options.dag_id, style=style).content, options
        )


def report(options: argparse.Namespace) -> None:
    """List the DAG files with the seconds that their last import took, the slowest first."""
    with open_operations(options) as operations:
        found = operations.ask_all(list_files)
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
    folder = "the server's DAG folder" if options.server else load().config.dags.folder
    print_rows(rows, options.output, empty=f"No files yet: put a Python file that makes a DAG into {folder}")

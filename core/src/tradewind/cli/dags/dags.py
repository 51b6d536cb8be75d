"""DAGs: list, trigger, pause and test them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tradewind.cli.dags.files import check_dags, configure_check, list_warnings
from tradewind.cli.errors import CommandError
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.naming import import_errors_note, require_dag
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.values import instant, json_object, pattern
from tradewind.cli.verbs import Verbs
from tradewind.config import load
from tradewind.metadata.statements.browsing.dags import DagFilter
from tradewind.metadata.statements.browsing.parts import Between
from tradewind.metadata.statements.browsing.runs import TYPES, RunFilter
from tradewind.metadata.statements.runs import BACKFILL
from tradewind.operations.dags.reading import list_dags as ask_dags
from tradewind.operations.import_errors import list_import_errors as ask_import_errors
from tradewind.operations.paging import Paging
from tradewind.operations.runs.reading import list_runs as ask_runs

RUN_STATES = ("queued", "running", "success", "failed")
COLUMNS = ("dag_id", "file", "owners", "tags", "paused", "next_run", "description", "active")
SHOWN = 6  # the first of them, unless --columns says otherwise


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    listed = verbs.add("list", list_dags, remote=True)
    listed.add_argument("--columns", metavar="COLUMN,…", help=f"which, of {', '.join(COLUMNS)}")
    add_output_option(listed)
    verbs.elsewhere(
        {"trigger": "Make a run of a DAG, now; with --wait show its progress and end with its outcome."},
        "tradewind.cli.dags.triggering",
    )
    verbs.elsewhere(
        {"pause": "Pause a DAG: no new runs, and runs that have not begun do not start.", "unpause": "Unpause a DAG."},
        "tradewind.cli.dags.pausing",
    )
    _configure_testing(verbs)
    runs = verbs.add("list-runs", list_runs, remote=True)
    runs.add_argument("-d", "--dag-id", help="runs of this DAG only")
    runs.add_argument("--state", choices=RUN_STATES, help="runs in this state only")
    runs.add_argument("-s", "--start-date", type=instant, help="logical dates from this one on")
    runs.add_argument("-e", "--end-date", type=instant, help="logical dates up to this one")
    runs.add_argument("--no-backfill", action="store_true", help="without the runs of backfills")
    runs.add_argument("--limit", type=int, default=100, help="newest runs shown at most (default: 100)")
    add_output_option(runs)
    add_output_option(verbs.add("list-import-errors", list_import_errors, remote=True))
    _configure_elsewhere(verbs)
    add_output_option(verbs.add("list-warnings", list_warnings, remote=True))
    configure_check(verbs.add("check", check_dags))


def _configure_elsewhere(verbs: Verbs) -> None:
    # What reads versions, changes or deletes DAGs: the other verbs need not wait for it
    verbs.elsewhere(
        {
            "details": "Show what is known of a DAG: schedule, limits, params, tasks, version.",
            "state": "Print the state of a run, and its conf if it has one.",
            "show": "Write a DAG's graph: as DOT, which Graphviz draws, as Mermaid, or as text.",
            "report": "List the DAG files with the seconds that their last import took, the slowest first.",
        },
        "tradewind.cli.dags.details",
    )
    verbs.elsewhere(
        {
            "next-runs": "Show the coming runs of a DAG's schedule, or of another one, and whether each is due now; makes none.",
            "next-execution": "Show the runs that the schedule will make next; exit code 1 if there are none.",
        },
        "tradewind.cli.dags.coming_runs",
    )
    verbs.elsewhere(
        {
            "delete": "Delete a DAG's runs, XComs and old versions; the DAG itself too, unless its file still defines it."
        },
        "tradewind.cli.dags.deleting",
    )
    verbs.elsewhere(
        {"mark-run": "Say that a run has succeeded or failed: shows what that changes, asks, and does it."},
        "tradewind.cli.runs.marking",
        by="add_run_verbs",
    )
    verbs.elsewhere(
        {"show-dependencies": "Write which DAGs trigger, await, clear or feed which: as DOT, as Mermaid, or as text."},
        "tradewind.cli.dags.dependencies",
    )
    verbs.elsewhere(
        {"rename": "Give a DAG another id, with its runs, versions, XComs, holds and logs."},
        "tradewind.cli.dags.renaming",
    )
    verbs.elsewhere(
        {"backfill": "Have a DAG's runs made over a range of dates, and show progress until they have ended."},
        "tradewind.cli.dags.backfilling",
    )


def _configure_testing(verbs: Verbs) -> None:
    test = verbs.add("test", test_dag)
    test.add_argument("dag_id")
    test.add_argument("execution_date", nargs="?", type=instant, help="the same as --logical-date")
    test.add_argument("-c", "--conf", type=json_object, default={}, help="JSON object: the run's conf and params")
    test.add_argument("-e", "--logical-date", "--exec-date", type=instant, help="ISO 8601 (default: now)")
    test.add_argument(
        "-f", "-S", "--file", "--subdir", type=Path, help="the DAG's file (default: found in the DAG folder)"
    )
    test.add_argument(
        "--mark-success-pattern",
        type=pattern,
        help="regular expression: tasks whose id begins so succeed without being executed",
    )


def list_dags(options: argparse.Namespace) -> None:
    """List the DAGs that were found."""
    columns = _columns(options.columns)
    with open_operations(options) as operations:
        rows = [_dag_row(each.row) for each in operations.ask_all(ask_dags, wanted=DagFilter())]
        note = import_errors_note(operations)
    shown = [{name: row[name] for name in columns} for row in rows]
    folder = "the server's DAG folder" if options.server else load().config.dags.folder
    print_rows(shown, options.output, empty=f"No DAGs yet: put a Python file that makes one into {folder}")
    if note:
        print(note, file=sys.stderr)


def _dag_row(row: Any) -> dict[str, Any]:
    return {
        "dag_id": row.dag_id,
        "file": row.path,
        "owners": row.owners,
        "tags": json.loads(row.tags),
        "paused": row.is_paused,
        "next_run": row.due_at,
        "description": row.description,
        "active": row.is_active,
    }


def _columns(text: str | None) -> tuple[str, ...]:
    if text is None:
        return COLUMNS[:SHOWN]
    wanted = tuple(name.strip() for name in text.split(","))
    for name in wanted:
        if name not in COLUMNS:
            near = did_you_mean(name, COLUMNS) or f": choose from {', '.join(COLUMNS)}"
            raise CommandError(f"There is no column {name!r}{near}", exit_code=2, error_id="wrong-usage")
    return wanted


def test_dag(options: argparse.Namespace) -> int:
    """Run a DAG to its end in this one process, without daemons and without recording: for debuggers."""
    # Runs user code in this process: nothing of it is loaded for the other verbs
    from tradewind.cli.dags.rehearsing import test_run  # noqa: PLC0415

    moment = options.logical_date or options.execution_date
    return test_run(
        options.dag_id,
        file=options.file,
        logical_date=moment,
        conf=options.conf,
        mark_success=options.mark_success_pattern,
    )


def list_runs(options: argparse.Namespace) -> None:
    """List runs, the newest first."""
    wanted = RunFilter(
        states=None if options.state is None else [options.state],
        types=[each for each in TYPES if each != BACKFILL] if options.no_backfill else None,
        logical=Between(options.start_date, options.end_date),
    )
    newest = Paging(limit=options.limit, order_by="id", is_descending=True)
    with open_operations(options) as operations:
        found = operations.ask_all(ask_runs, dag_id=options.dag_id, wanted=wanted, page=newest)
        if not found and options.dag_id:
            require_dag(operations, options.dag_id)
    way = f"tradewind dags trigger {options.dag_id or 'DAG_ID'}"
    empty = f"No runs that are {options.state}." if options.state else f"No runs yet: {way}"
    has_notes = options.output != "table" or any(each.note for each in found)
    rows = [_run_row(each) | ({"note": each.note} if has_notes else {}) for each in found]
    print_rows(rows, options.output, empty=empty)


def list_import_errors(options: argparse.Namespace) -> int:
    """List the files that could not be imported; exit code 1 if there are any."""
    with open_operations(options) as operations:
        found = operations.ask_all(ask_import_errors)
    rows = [{"file": each.path, "line": each.line, "error": each.error, "seen": each.at} for each in found]
    if options.output in {"json", "yaml"}:
        # A server shows the error once more where there is no trace
        rows = [
            row | {"trace": None if each.trace == each.error else each.trace}
            for row, each in zip(rows, found, strict=True)
        ]
    print_rows(rows, options.output, empty="Every file was imported.")
    return 1 if found else 0


def _run_row(run: Any) -> dict[str, Any]:
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "state": run.state,
        "version": run.version,
        "logical_date": run.logical_date,
        "started": run.started_at,
        "ended": run.ended_at,
    }

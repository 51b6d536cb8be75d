"""DAGs: list, trigger, pause and test them."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from tradewind_plugins.exceptions import TradewindNotFoundException

from tradewind.cli.errors import CommandError
from tradewind.cli.output import add_output_option, print_rows
from tradewind.cli.session import Session, open_session
from tradewind.cli.unknown import import_errors_note, no_such_dag
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements import listings

RUN_STATES = ("queued", "running", "success", "failed")
EXAMPLE = """write it as '{"name": "value"}'"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    add_output_option(verbs.add("list", list_dags))
    trigger = verbs.add("trigger", trigger_dag)
    trigger.add_argument("dag_id")
    trigger.add_argument("-c", "--conf", type=_json_object, default={}, help="JSON object: the run's conf and params")
    trigger.add_argument("-r", "--run-id", help="the run's name (default: manual__ and the time)")
    trigger.add_argument("-e", "--logical-date", "--exec-date", type=_instant, help="ISO 8601 (default: now)")
    trigger.add_argument(
        "--wait", action="store_true", help="show progress until the run ends; exit code 1 if it failed"
    )
    trigger.add_argument(
        "--unpause", action="store_true", help="unpause the DAG first: runs of a paused one do not start"
    )
    for verb, run in (("pause", pause_dag), ("unpause", unpause_dag)):
        verbs.add(verb, run).add_argument("dag_id")
    test = verbs.add("test", test_dag)
    test.add_argument("dag_id")
    test.add_argument("-c", "--conf", type=_json_object, default={}, help="JSON object: the run's conf and params")
    test.add_argument("-e", "--logical-date", "--exec-date", type=_instant, help="ISO 8601 (default: now)")
    test.add_argument("-f", "--file", type=Path, help="the DAG's file (default: found in the DAG folder)")
    runs = verbs.add("list-runs", list_runs)
    runs.add_argument("-d", "--dag-id", help="runs of this DAG only")
    runs.add_argument("--state", choices=RUN_STATES, help="runs in this state only")
    runs.add_argument("--limit", type=int, default=100, help="newest runs shown at most (default: 100)")
    add_output_option(runs)
    add_output_option(verbs.add("list-import-errors", list_import_errors))


def list_dags(options: argparse.Namespace) -> None:
    """List the DAGs that were found."""
    with open_session() as session, session.database.read() as connection:
        rows = [
            {
                "dag_id": each.dag_id,
                "file": each.path,
                "owners": each.owners,
                "tags": list(each.tags),
                "paused": each.is_paused,
                "next_run": each.next_run_at,
            }
            for each in listings.list_dags(connection)
        ]
        folder, note = session.config.dags.folder, import_errors_note(connection)
    print_rows(rows, options.output, empty=f"No DAGs yet: put a Python file that makes one into {folder}")
    if note:
        print(note, file=sys.stderr)


def trigger_dag(options: argparse.Namespace) -> int:
    """Make a run of a DAG, now; with --wait show its progress and end with its outcome."""
    # Triggering needs the graph of the DAG's version; the other verbs need not wait for what reads it
    from tradewind.cli.following import follow_run, outcome_code  # noqa: PLC0415
    from tradewind.cli.triggering import trigger  # noqa: PLC0415

    with open_session(changes_states=True) as session:
        if options.unpause:
            _set_paused(session, options.dag_id, paused=False)
        try:
            made = trigger(
                session,
                options.dag_id,
                run_id=options.run_id,
                logical_date=options.logical_date or datetime.now(timezone.utc),
                conf=options.conf,
            )
        except TradewindNotFoundException as error:
            raise CommandError(_no_such_dag(session, options.dag_id)) from error
        print(f"Run {made.run_id} of {options.dag_id} is made.")
        if made.is_paused:
            way = f"`tradewind dags unpause {options.dag_id}` starts it, `--unpause` does so when you trigger"
            text = f"{options.dag_id} is paused, so the run waits: {way}."
            if options.wait:
                raise CommandError(text)
            print(text)
        return outcome_code(follow_run(session, made.run)) if options.wait else 0


def pause_dag(options: argparse.Namespace) -> None:
    """Pause a DAG: no new runs, and runs that have not begun do not start."""
    with open_session() as session:
        _set_paused(session, options.dag_id, paused=True)
    print(f"{options.dag_id} is paused.")


def unpause_dag(options: argparse.Namespace) -> None:
    """Unpause a DAG."""
    with open_session() as session:
        _set_paused(session, options.dag_id, paused=False)
    print(f"{options.dag_id} is unpaused.")


def test_dag(options: argparse.Namespace) -> int:
    """Run a DAG to its end in this one process, without daemons and without recording: for debuggers."""
    # Runs user code in this process: nothing of it is loaded for the other verbs
    from tradewind.cli.testing import test_run  # noqa: PLC0415

    return test_run(options.dag_id, file=options.file, logical_date=options.logical_date, conf=options.conf)


def list_runs(options: argparse.Namespace) -> None:
    """List runs, the newest first."""
    with open_session() as session, session.database.read() as connection:
        found = listings.list_runs(connection, dag_id=options.dag_id, state=options.state, limit=options.limit)
        if not found and options.dag_id and not _is_known(connection, options.dag_id):
            raise CommandError(no_such_dag(connection, options.dag_id))
    way = f"tradewind dags trigger {options.dag_id or 'DAG_ID'}"
    empty = f"No runs that are {options.state}." if options.state else f"No runs yet: {way}"
    print_rows([_run_row(each) for each in found], options.output, empty=empty)


def list_import_errors(options: argparse.Namespace) -> int:
    """List the files that could not be imported; exit code 1 if there are any."""
    with open_session() as session, session.database.read() as connection:
        found = listings.list_import_errors(connection)
    rows = [{"file": each.path, "line": each.line, "error": each.error, "seen": each.at} for each in found]
    if options.output in {"json", "yaml"}:
        rows = [row | {"trace": each.trace} for row, each in zip(rows, found, strict=True)]
    print_rows(rows, options.output, empty="Every file was imported.")
    return 1 if found else 0


def _run_row(run: listings.RunRow) -> dict[str, Any]:
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "state": run.state,
        "version": run.version,
        "logical_date": run.logical_date,
        "started": run.started_at,
        "ended": run.ended_at,
    }


def _set_paused(session: Session, dag_id: str, *, paused: bool) -> None:
    if not session.database.write(lambda c: listings.set_paused(c, dag_id, paused=paused)):
        raise CommandError(_no_such_dag(session, dag_id))


def _no_such_dag(session: Session, dag_id: str) -> str:
    with session.database.read() as connection:
        return no_such_dag(connection, dag_id)


def _is_known(connection: sa.Connection, dag_id: str) -> bool:
    return bool(listings.list_dags(connection, dag_id=dag_id, include_inactive=True))


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not JSON ({error}); {EXAMPLE}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text} is no JSON object; {EXAMPLE}")
    return value


def _instant(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date in ISO 8601, such as 2026-01-31T00:00:00Z") from error
    return value if value.tzinfo else value.replace(tzinfo=timezone.utc)

"""DAGs: list, trigger, pause and test them."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.output import add_output_option, print_rows
from tradewind.cli.session import Session, open_session
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements import listings

RUN_STATES = ("queued", "running", "success", "failed")


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
    runs.add_argument("-d", "--dag-id")
    runs.add_argument("--state", choices=RUN_STATES)
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
        folder = session.config.dags.folder
    print_rows(rows, options.output, empty=f"No DAGs yet: put a Python file that makes one into {folder}")


def trigger_dag(options: argparse.Namespace) -> int:
    """Make a run of a DAG, now; with --wait show its progress and end with its outcome."""
    # Triggering needs the graph of the DAG's version; the other verbs need not wait for what reads it
    from tradewind.cli.following import follow_run, outcome_code  # noqa: PLC0415
    from tradewind.cli.triggering import trigger  # noqa: PLC0415

    with open_session() as session:
        if options.unpause:
            _set_paused(session, options.dag_id, paused=False)
        made = trigger(
            session,
            options.dag_id,
            run_id=options.run_id,
            logical_date=options.logical_date or datetime.now(timezone.utc),
            conf=options.conf,
        )
        print(f"Run {made.run_id} of {options.dag_id} is made.")
        if made.is_paused:
            way = f"tradewind dags unpause {options.dag_id}"
            text = f"{options.dag_id} is paused, so the run does not start before it is unpaused: {way}"
            if options.wait:
                raise CommandError(f"{text} (or trigger with --unpause)")
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
    print_rows([_run_row(each) for each in found], options.output, empty="No runs yet: tradewind dags trigger DAG_ID")


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
        raise CommandError(f"There is no DAG {dag_id!r}: `tradewind dags list` shows all.")


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError('give a JSON object, such as {"name": "value"}')
    return value


def _instant(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date in ISO 8601, such as 2026-01-31T00:00:00Z") from error
    return value if value.tzinfo else value.replace(tzinfo=timezone.utc)

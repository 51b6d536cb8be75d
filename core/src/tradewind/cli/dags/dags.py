"""DAGs: list, trigger, pause and test them."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tradewind_plugins.exceptions import TradewindNotFoundException

from tradewind.cli.dags.files import check_dags, configure_check, list_warnings
from tradewind.cli.errors import CommandError
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.confirming import add_yes_option, confirm
from tradewind.cli.shared.finding import find_dag
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import Session, open_session
from tradewind.cli.shared.unknown import import_errors_note, no_such_dag
from tradewind.cli.shared.values import instant, json_object, pattern
from tradewind.cli.shared.waking import wake_schedulers
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements import listings
from tradewind.metadata.statements.runs import BACKFILL
from tradewind.plugins.imports import load

RUN_STATES = ("queued", "running", "success", "failed")
COLUMNS = ("dag_id", "file", "owners", "tags", "paused", "next_run", "description", "active")
SHOWN = 6  # the first of them, unless --columns says otherwise


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    listed = verbs.add("list", list_dags)
    listed.add_argument("--columns", metavar="COLUMN,…", help=f"which, of {', '.join(COLUMNS)}")
    add_output_option(listed)
    trigger = verbs.add("trigger", trigger_dag, remote=True)
    trigger.add_argument("dag_id")
    trigger.add_argument("-c", "--conf", type=json_object, default={}, help="JSON object: the run's conf and params")
    trigger.add_argument("-r", "--run-id", help="the run's name (default: manual__ and the time)")
    trigger.add_argument("-e", "--logical-date", "--exec-date", type=instant, help="ISO 8601 (default: now)")
    trigger.add_argument("--note", help="what to remember of the run; `dags list-runs` shows it")
    trigger.add_argument(
        "--wait", action="store_true", help="show progress until the run ends; exit code 1 if it failed"
    )
    trigger.add_argument(
        "--unpause", action="store_true", help="unpause the DAG first: runs of a paused one do not start"
    )
    add_output_option(trigger)
    _configure_pausing(verbs)
    _configure_testing(verbs)
    runs = verbs.add("list-runs", list_runs)
    runs.add_argument("-d", "--dag-id", help="runs of this DAG only")
    runs.add_argument("--state", choices=RUN_STATES, help="runs in this state only")
    runs.add_argument("-s", "--start-date", type=instant, help="logical dates from this one on")
    runs.add_argument("-e", "--end-date", type=instant, help="logical dates up to this one")
    runs.add_argument("--no-backfill", action="store_true", help="without the runs of backfills")
    runs.add_argument("--limit", type=int, default=100, help="newest runs shown at most (default: 100)")
    add_output_option(runs)
    add_output_option(verbs.add("list-import-errors", list_import_errors))
    _configure_elsewhere(verbs)
    add_output_option(verbs.add("list-warnings", list_warnings))
    configure_check(verbs.add("check", check_dags))


def _configure_elsewhere(verbs: Verbs) -> None:
    # What reads versions or deletes them: the other verbs need not wait for it
    verbs.elsewhere(
        {
            "details": "Show what is known of a DAG: schedule, limits, params, tasks, version.",
            "state": "Print the state of a run, and its conf if it has one.",
            "next-execution": "Show the runs that the schedule will make next; exit code 1 if there are none.",
            "show": "Write a DAG's graph: as DOT, which Graphviz draws, as Mermaid, or as text.",
            "report": "List the DAG files with the seconds that their last import took, the slowest first.",
        },
        "tradewind.cli.dags.details",
    )
    verbs.elsewhere(
        {
            "next-runs": "Show the coming runs of a DAG's schedule, or of another one, and whether each is due now; makes none."
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


def _configure_pausing(verbs: Verbs) -> None:
    for verb, run in (("pause", pause_dags), ("unpause", unpause_dags)):
        change = verbs.add(verb, run, remote=True)
        change.add_argument("dag_id")
        change.add_argument(
            "--treat-dag-id-as-regex", action="store_true", help="DAG_ID is a regular expression: every DAG it matches"
        )
        if verb == "unpause":
            change.add_argument(
                "-d", "--dry-run", action="store_true", help="show which runs that would make, and change nothing"
            )
        add_yes_option(change)
        add_output_option(change)


def list_dags(options: argparse.Namespace) -> None:
    """List the DAGs that were found."""
    columns = _columns(options.columns)
    with open_session() as session, session.database.read() as connection:
        rows = [
            {
                "dag_id": each.dag_id,
                "file": each.path,
                "owners": each.owners,
                "tags": list(each.tags),
                "paused": each.is_paused,
                "next_run": each.next_run_at,
                "description": each.description,
                "active": each.is_active,
            }
            for each in listings.list_dags(connection)
        ]
        folder, note = session.config.dags.folder, import_errors_note(connection)
    shown = [{name: row[name] for name in columns} for row in rows]
    print_rows(shown, options.output, empty=f"No DAGs yet: put a Python file that makes one into {folder}")
    if note:
        print(note, file=sys.stderr)


def _columns(text: str | None) -> tuple[str, ...]:
    if text is None:
        return COLUMNS[:SHOWN]
    wanted = tuple(name.strip() for name in text.split(","))
    for name in wanted:
        if name not in COLUMNS:
            near = did_you_mean(name, COLUMNS) or f": choose from {', '.join(COLUMNS)}"
            raise CommandError(f"There is no column {name!r}{near}", exit_code=2, error_id="wrong-usage")
    return wanted


def trigger_dag(options: argparse.Namespace) -> int:
    """Make a run of a DAG, now; with --wait show its progress and end with its outcome."""
    # Triggering needs the graph of the DAG's version; the other verbs need not wait for what reads it
    from tradewind.cli.runs.following import follow_run, outcome_code  # noqa: PLC0415
    from tradewind.cli.runs.triggering import trigger  # noqa: PLC0415

    if options.server:
        code: int = load("tradewind.cli.dags.remotely:trigger", "--server")(options)
        return code
    with open_session(changes_states=True) as session:
        if options.unpause:
            _set_paused(session, options.dag_id, paused=False)
        wake_schedulers(session)
        try:
            made = trigger(
                session,
                options.dag_id,
                run_id=options.run_id,
                logical_date=options.logical_date or datetime.now(timezone.utc),
                conf=options.conf,
                note=options.note,
            )
        except TradewindNotFoundException as error:
            raise CommandError(_no_such_dag(session, options.dag_id), error_id="no-such-dag") from error
        _say_made(made.run_id, options)
        if made.is_paused:
            way = f"`tradewind dags unpause {options.dag_id}` starts it, `--unpause` does so when you trigger"
            text = f"{options.dag_id} is paused, so the run waits: {way}."
            if options.wait:
                raise CommandError(text, error_id="dag-paused")
            print(text, file=sys.stderr)
        return outcome_code(follow_run(session, made.run)) if options.wait else 0


def _say_made(run_id: str, options: argparse.Namespace) -> None:
    if options.output == "table":
        print(f"Run {run_id} of {options.dag_id} is made.")
    else:
        print_rows([{"dag_id": options.dag_id, "run_id": run_id, "conf": options.conf}], options.output)


def pause_dags(options: argparse.Namespace) -> None:
    """Pause a DAG: no new runs, and runs that have not begun do not start."""
    _pause_or_unpause(options, paused=True)


def unpause_dags(options: argparse.Namespace) -> None:
    """Unpause a DAG."""
    _pause_or_unpause(options, paused=False)


def _pause_or_unpause(options: argparse.Namespace, *, paused: bool) -> None:
    word = "paused" if paused else "unpaused"
    if options.server:
        load("tradewind.cli.dags.remotely:pause", "--server")(options, paused=paused)
        _say_paused([options.dag_id], paused, options.output)
        return
    with open_session() as session:
        named = _matching(session, options) if options.treat_dag_id_as_regex else [options.dag_id]
        if not paused and options.dry_run:
            # By name: what reads versions is not loaded to pause one
            load("tradewind.cli.dags.coming_runs:preview", "--dry-run")(session, named, options.output)
            return
        if options.treat_dag_id_as_regex:
            confirm(f"{len(named)} DAGs are to be {word}: {', '.join(named)}.", yes=options.yes)
        for dag_id in named:
            _set_paused(session, dag_id, paused=paused)
        wake_schedulers(session)
    _say_paused(named, paused, options.output)


def _say_paused(named: list[str], paused: bool, style: str) -> None:
    word = "paused" if paused else "unpaused"
    if style == "table":
        print("\n".join(f"{dag_id} is {word}." for dag_id in named))
    else:
        print_rows([{"dag_id": dag_id, "paused": paused} for dag_id in named], style)


def _matching(session: Session, options: argparse.Namespace) -> list[str]:
    try:
        wanted = pattern(options.dag_id)
    except argparse.ArgumentTypeError as error:
        raise CommandError(str(error), exit_code=2, error_id="wrong-usage") from error
    with session.database.read() as connection:
        found = [each.dag_id for each in listings.list_dags(connection) if wanted.search(each.dag_id)]
    if not found:
        raise CommandError(
            f"No DAG id matches {options.dag_id!r}: `tradewind dags list` shows all.", error_id="no-such-dag"
        )
    return found


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
    with open_session() as session, session.database.read() as connection:
        found = listings.list_runs(
            connection,
            dag_id=options.dag_id,
            state=options.state,
            since=options.start_date,
            until=options.end_date,
            without_type=BACKFILL if options.no_backfill else None,
            limit=options.limit,
        )
        if not found and options.dag_id:
            find_dag(connection, options.dag_id)
    way = f"tradewind dags trigger {options.dag_id or 'DAG_ID'}"
    empty = f"No runs that are {options.state}." if options.state else f"No runs yet: {way}"
    has_notes = options.output != "table" or any(each.note for each in found)
    rows = [_run_row(each) | ({"note": each.note} if has_notes else {}) for each in found]
    print_rows(rows, options.output, empty=empty)


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
        raise CommandError(_no_such_dag(session, dag_id), error_id="no-such-dag")


def _no_such_dag(session: Session, dag_id: str) -> str:
    with session.database.read() as connection:
        return no_such_dag(connection, dag_id)

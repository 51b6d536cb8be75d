"""`tradewind tasks test` and `tasks render`: one task in this process, without its run, nothing recorded."""

from __future__ import annotations

import argparse
import json
import os
import pdb  # noqa: T100 - `--post-mortem` is a debugger
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tradewind_plugins.mapped import MappedOperator
from tradewind_plugins.task_node import TaskNode

from tradewind.cli.dags.lookups import InstalledLookups
from tradewind.cli.dags.rehearsing import find_dag_file, has_schema
from tradewind.cli.errors import CommandError
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.output import print_rows
from tradewind.cli.shared.session import Session, open_session
from tradewind.cli.shared.values import as_instant, json_object
from tradewind.cli.verbs import Verbs
from tradewind.execution import results
from tradewind.execution.in_process import logging_to
from tradewind.execution.trial import Given, Trial, render_task, try_task
from tradewind.metadata.statements import listings, xcoms
from tradewind.plugins.named_xcoms import open_xcom_storages


def add_verbs(verbs: Verbs) -> None:
    """Declare the verbs."""
    test = verbs.add("test", test_task)
    _add_task(test)
    test.add_argument(
        "-t", "--task-params", type=json_object, default={}, help="JSON object: the run's conf and params"
    )
    test.add_argument("--env-vars", type=json_object, default={}, help="JSON object: set in the environment first")
    test.add_argument(
        "-n", "--dry-run", action="store_true", help="only show the task's arguments, templates filled in"
    )
    test.add_argument("-m", "--post-mortem", action="store_true", help="open the debugger where the task fails")
    _add_task(verbs.add("render", render))


def _add_task(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dag_id")
    parser.add_argument("task_id")
    parser.add_argument(
        "execution_date_or_run_id",
        nargs="?",
        metavar="EXECUTION_DATE_OR_RUN_ID",
        help="a logical date (default: now), or a run whose dates, conf and XComs the task gets",
    )
    parser.add_argument("--map-index", type=int, help="which instance of a mapped task, from 0 (default: the first)")
    parser.add_argument(
        "-f", "-S", "--file", "--subdir", type=Path, help="the DAG's file (default: found in the DAG folder)"
    )


def test_task(options: argparse.Namespace) -> int:
    """Execute one task in this process, whatever is before it; nothing is recorded."""
    os.environ.update({name: str(value) for name, value in options.env_vars.items()})
    if options.dry_run:
        return render(options)
    with _open() as (session, lookups):
        task, given = _prepare(session, lookups, options, options.task_params)
        with logging_to(sys.stdout, lookups.masker):
            try:
                done = try_task(task, given, lookups)
            except Exception:
                if options.post_mortem:
                    pdb.post_mortem(sys.exc_info()[2])
                raise
    _print(options, done)
    return 0


def render(options: argparse.Namespace) -> int:
    """Show a task's arguments with their templates filled in, without executing it."""
    with _open() as (session, lookups):
        task, given = _prepare(session, lookups, options, getattr(options, "task_params", {}))
        found = render_task(task, given, lookups)
    for name, value in found.items():
        text = value if isinstance(value, str) else results.dump(value, name) if _is_json(value) else repr(value)
        print(f"# {name}\n{lookups.masker.clean(text)}")
    return 0


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _print(options: argparse.Namespace, done: Trial) -> None:
    print(f"{options.task_id}: {done.state}{f' ({done.reason})' if done.reason else ''}.")
    if done.skipped:
        print(f"It skips: {', '.join(done.skipped)}.")
    if done.xcoms:
        print_rows([{"key": key, "value": value} for key, value in done.xcoms.items()], "table")


def _prepare(
    session: Session, lookups: InstalledLookups, options: argparse.Namespace, conf: Mapping[str, Any]
) -> tuple[TaskNode, Given]:
    dag = find_dag_file(options.dag_id, options.file, session.config.dags.folder, lookups)
    if not dag.has_task(options.task_id):
        near = did_you_mean(options.task_id, dag.task_dict) or f": it has {', '.join(dag.task_dict)}."
        raise CommandError(f"DAG {options.dag_id!r} has no task {options.task_id!r}{near}", error_id="no-such-task")
    task = dag.get_task(options.task_id)
    first = 0 if isinstance(task, MappedOperator) else -1
    index = first if options.map_index is None else options.map_index
    name = options.execution_date_or_run_id
    moment = datetime.now(timezone.utc) if name is None else as_instant(name)
    if moment is not None:
        return task, Given(moment, conf=conf, map_index=index)
    run = _run(session, options.dag_id, name)
    logical = run.logical_date or run.queued_at
    return task, Given(logical, {**run.conf, **conf}, run.run_id, xcoms=_xcoms(session, run.id), map_index=index)


def _run(session: Session, dag_id: str, run_id: str) -> listings.RunRow:
    with session.database.read() as connection:
        runs = listings.list_runs(connection, dag_id=dag_id, run_id=run_id) if has_schema(session.database) else []
    if not runs:
        raise CommandError(
            f"{run_id!r} is neither a date in ISO 8601 nor a run of DAG {dag_id!r}: `tradewind dags list-runs -d {dag_id}` "
            "shows its runs.",
            error_id="no-such-run",
        )
    return runs[0]


def _xcoms(session: Session, run: int) -> dict[str | tuple[str, str], Any]:
    """Return what the tasks of a run pushed, by (task id, key); of mapped tasks the list of their values."""
    storages = open_xcom_storages(session.config)
    with session.database.read() as connection:
        rows = sorted(xcoms.of_run(connection, run), key=lambda row: row.map_index)
    found: dict[str | tuple[str, str], Any] = {}
    for row in rows:
        value = results.load(row.value if row.storage is None else storages.get(row.storage))
        if row.map_index < 0:
            found[row.task_id, row.key] = value
        else:
            found.setdefault((row.task_id, row.key), []).append(value)
    return found


@contextmanager
def _open() -> Iterator[tuple[Session, InstalledLookups]]:
    with open_session(check=False) as session:
        yield session, InstalledLookups(session, has_database=has_schema(session.database))

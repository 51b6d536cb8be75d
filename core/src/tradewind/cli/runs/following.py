"""Watching a run on the terminal: a bar, the running tasks, and the end of the log of what fails."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import closing

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column
from tradewind_plugins.contracts.log_store import LogStore

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.session import Session
from tradewind.execution.log_stores import keys_of_tries, open_log_store
from tradewind.metadata.statements import listings
from tradewind.transitions.states import ENDED, ENDED_RUN, RunState, TaskState

LOOK_SECONDS = 0.1
ASK_SECONDS = 1.0  # between two looks that a server is asked for
LOG_LINES = 20
NAMES_SHOWN = 4
BAR_WIDTH = 30
FAILURES = frozenset({TaskState.FAILED, TaskState.UP_FOR_RETRY})


def follow_run(session: Session, run: int) -> listings.RunRow:
    """Show a run's progress until it has ended and return it.

    Arguments:
        run: the key in `dag_run.id`.
    """
    console = Console(markup=False, highlight=False, soft_wrap=True)
    told: set[tuple[int, int]] = set()
    with closing(open_log_store(session.config)) as store, progress_bar(console) as progress:
        bar = progress.add_task("waiting")
        for found, tasks in _looks(session, run):
            for task in tasks:
                if task.state in FAILURES and (task.id, task.token) not in told:
                    told.add((task.id, task.token))
                    _tell_failure(console, task, _last_log(session, store, found, task))
            ended = sum(task.state in ENDED for task in tasks)
            progress.update(bar, total=len(tasks), completed=ended, description=_description(found, tasks))
    console.print(f"Run {found.run_id} of {found.dag_id}: {found.state}.")
    return found


def look_seconds(options: argparse.Namespace) -> float:
    """Return how long to wait between two looks, in seconds."""
    return ASK_SECONDS if options.server else LOOK_SECONDS


def progress_bar(console: Console) -> Progress:
    """Return the bar; what is running comes last, cut to what room the terminal has left."""
    names = TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
    columns = (BarColumn(BAR_WIDTH), MofNCompleteColumn(), TimeElapsedColumn(), names)
    return Progress(*columns, console=console, expand=True, disable=not console.is_terminal)


def outcome_code(run: listings.RunRow) -> int:
    """Return the exit code that says how a run ended: 0 for success, 1 for failure."""
    return 0 if run.state == RunState.SUCCESS else 1


def _looks(session: Session, run: int) -> Iterator[tuple[listings.RunRow, list[listings.TaskRow]]]:
    """Yield the run and its tasks again and again, for the last time when it has ended."""
    while True:
        with session.database.read() as connection:
            runs = listings.list_runs(connection, key=run)
            tasks = listings.list_tasks(connection, run)
        if not runs:
            raise CommandError("The run was deleted while it was watched.", error_id="no-such-run")
        yield runs[0], tasks
        if runs[0].state in ENDED_RUN:
            return
        time.sleep(LOOK_SECONDS)


def _description(run: listings.RunRow, tasks: list[listings.TaskRow]) -> str:
    running = [_name(task) for task in tasks if task.state == TaskState.RUNNING]
    if not running:
        return run.state
    more = f" and {len(running) - NAMES_SHOWN} more" if len(running) > NAMES_SHOWN else ""
    return ", ".join(running[:NAMES_SHOWN]) + more


def _last_log(session: Session, store: LogStore, run: listings.RunRow, task: listings.TaskRow) -> bytes:
    keys = keys_of_tries(session.database, store, run, task)
    return store.read(keys[-1]) if keys else b""


def _tell_failure(console: Console, task: listings.TaskRow, log: bytes) -> None:
    again = " (it will be tried again)" if task.state == TaskState.UP_FOR_RETRY else ""
    console.print(f"{_name(task)} failed in try {task.try_number}{again}: {task.cause or 'see its log'}")
    for line in log.decode(errors="replace").splitlines()[-LOG_LINES:]:
        console.print(f"    {line}")


def _name(task: listings.TaskRow) -> str:
    return task.task_id if task.map_index < 0 else f"{task.task_id}[{task.map_index}]"

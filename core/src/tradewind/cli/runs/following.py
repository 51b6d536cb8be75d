"""Watching a run on the terminal: a bar, the running tasks, and the end of the log of what fails."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.operating import Operations
from tradewind.operations import following
from tradewind.operations.errors import BusyError, NotFoundError
from tradewind.operations.runs.reading import get_run
from tradewind.operations.task_instances.logs import read_last_log
from tradewind.transitions.states import ENDED, ENDED_RUN, RunState, TaskState

LOOK_SECONDS = 0.1
ASK_SECONDS = 1.0  # between two looks that a server is asked for
STREAM_SECONDS = 1800.0  # then it is asked for anew: no proxy lets a request last for days
AGAIN_SECONDS = 1.0  # before it is asked for again
PATIENCE_SECONDS = 60.0  # for which a server, or its database, may be away while a run is followed
AWAY = frozenset({"server-unreachable", "database-unreachable"})
LOG_LINES = 20
NAMES_SHOWN = 4
BAR_WIDTH = 30


def follow(operations: Operations, dag_id: str, run_id: str) -> int:
    """Show a run's progress until it has ended.

    Returns:
        the exit code that says how: 0 for success, 1 for failure.
    """
    console = Console(markup=False, highlight=False, soft_wrap=True)
    told: set[tuple[str, int, int]] = set()
    with progress_bar(console) as progress:
        bar = progress.add_task("waiting")
        for line in _lines(operations, dag_id, run_id):
            for task in line.get("failures", ()):
                which = (task["task_id"], task["map_index"], task["dispatch"])
                if which not in told:
                    told.add(which)
                    _tell_failure(console, task, _last_log(operations, dag_id, run_id, task))
            ended = sum(count for state, count in line["tasks"].items() if state in ENDED)
            total = sum(line["tasks"].values())
            progress.update(bar, total=total, completed=ended, description=_description(line))
            state = line["state"]
    console.print(f"Run {run_id} of {dag_id}: {state}.")
    return 0 if state == RunState.SUCCESS else 1


def look_seconds(options: argparse.Namespace) -> float:
    """Return how long to wait between two looks, in seconds."""
    return ASK_SECONDS if options.server else LOOK_SECONDS


def progress_bar(console: Console) -> Progress:
    """Return the bar; what is running comes last, cut to what room the terminal has left."""
    names = TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
    columns = (BarColumn(BAR_WIDTH), MofNCompleteColumn(), TimeElapsedColumn(), names)
    return Progress(*columns, console=console, expand=True, disable=not console.is_terminal)


def _lines(operations: Operations, dag_id: str, run_id: str) -> Iterator[Mapping[str, Any]]:
    """Yield how the run is, again and again, for the last time when it has ended; what answers may be away for a while."""
    asked = {"dag_id": dag_id, "run_id": run_id}
    heard = time.monotonic()
    while True:
        pause: float = AGAIN_SECONDS
        try:
            stream = operations.ask_lines(following.follow_run, **asked, timeout=STREAM_SECONDS, names_tasks=True)
            with closing(stream) as lines:
                for line in lines:
                    if "error" in line:
                        raise _failure(line)
                    heard = time.monotonic()
                    yield line
                    if line["ended"]:
                        return
        except BusyError as error:
            # The server follows as many runs as it may: it is still asked how this one is
            run = operations.ask(get_run, **asked)
            yield {"state": run.state, "tasks": {}}
            if run.state in ENDED_RUN:
                return
            heard, pause = time.monotonic(), error.seconds
        except CommandError as error:
            if error.error_id not in AWAY or time.monotonic() - heard > PATIENCE_SECONDS:
                raise
        time.sleep(pause)


def _failure(line: Mapping[str, Any]) -> CommandError:
    if line["error_id"] == "no-such-run":
        return CommandError(line["error"], error_id="no-such-run")
    return CommandError(line["error"], error_id="database-unreachable")


def _description(line: Mapping[str, Any]) -> str:
    running = [_name(task) for task in line.get("running", ())]
    if not running:
        return str(line["state"])
    left = line["tasks"].get(TaskState.RUNNING, 0) - NAMES_SHOWN
    return ", ".join(running[:NAMES_SHOWN]) + (f" and {left} more" if left > 0 else "")


def _last_log(operations: Operations, dag_id: str, run_id: str, task: Mapping[str, Any]) -> list[str]:
    """Return the last lines of what a task's last try wrote."""
    place, text = None, ""
    named = {"dag_id": dag_id, "run_id": run_id, "task_id": task["task_id"]}
    index = task["map_index"] if task["map_index"] >= 0 else None
    try:
        while True:
            part = operations.ask(read_last_log, **named, map_index=index, token=place)
            if not part.content or part.next.log:
                break
            text = "".join([*text.splitlines(keepends=True)[-LOG_LINES:], part.content])
            place = part.next
    except NotFoundError:
        return []
    except CommandError as error:
        # Who may follow a run may not always read what its tasks write; and a server that is away may come back
        if error.error_id not in {"no-permission", *AWAY}:
            raise
        return []
    return text.splitlines()[-LOG_LINES:]


def _tell_failure(console: Console, task: Mapping[str, Any], log: list[str]) -> None:
    again = " (it will be tried again)" if task["state"] == TaskState.UP_FOR_RETRY else ""
    console.print(f"{_name(task)} failed in try {task['try_number']}{again}: {task['cause'] or 'see its log'}")
    for line in log:
        console.print(f"    {line}")


def _name(task: Mapping[str, Any]) -> str:
    return str(task["task_id"]) if task["map_index"] < 0 else f"{task['task_id']}[{task['map_index']}]"

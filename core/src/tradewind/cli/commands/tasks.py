"""Task instances: their states and their logs."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.output import add_output_option, print_rows
from tradewind.cli.parser import did_you_mean
from tradewind.cli.session import Session, open_session
from tradewind.cli.verbs import Verbs
from tradewind.execution.log_stores import keys_of_tries, open_log_store
from tradewind.metadata.statements import listings


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    states = verbs.add("states-for-dag-run", states_for_dag_run)
    states.add_argument("dag_id")
    states.add_argument("run_id")
    add_output_option(states)
    logs = verbs.add("logs", logs_of_task)
    logs.add_argument("dag_id")
    logs.add_argument("task_id")
    logs.add_argument("run_id")
    logs.add_argument("--map-index", type=int, default=-1, help="which instance of a mapped task, from 0")
    logs.add_argument("--try-number", type=int, help="which try, from 1 (default: the last)")


def states_for_dag_run(options: argparse.Namespace) -> None:
    """List the states of a run's task instances, in topological order, with the cause where one did not succeed."""
    with open_session() as session:
        found = _run(session, options.dag_id, options.run_id)
        with session.database.read() as connection:
            rows = [_row(each) for each in listings.list_tasks(connection, found.id)]
    print_rows(rows, options.output)


def logs_of_task(options: argparse.Namespace) -> None:
    """Print the log of a task instance's try."""
    with open_session() as session, closing(open_log_store(session.config)) as store:
        found = _run(session, options.dag_id, options.run_id)
        with session.database.read() as connection:
            rows = listings.list_tasks(connection, found.id)
        wanted = (row for row in rows if (row.task_id, row.map_index) == (options.task_id, options.map_index))
        task = next(wanted, None)
        keys = task and keys_of_tries(session.database, store, found, task, try_number=options.try_number)
        if not keys:
            raise CommandError(_no_log(rows, found, options))
        sys.stdout.write(store.read(keys[-1]).decode(errors="replace"))


def _no_log(rows: list[listings.TaskRow], run: listings.RunRow, options: argparse.Namespace) -> str:
    """Return the sentence for a log that is not there: no such task, an instance to be named, or nothing ran yet."""
    name, run_id, index = options.task_id, repr(run.run_id), options.map_index
    way = f"`tradewind tasks states-for-dag-run {run.dag_id} {run.run_id}`"
    states = {row.map_index: row.state for row in rows if row.task_id == name}
    if not states:
        near = did_you_mean(name, {row.task_id for row in rows})
        return f"Run {run_id} has no task {name!r}{near or ':'} {way} shows its tasks."
    if index not in states and -1 in states:
        return f"Task {name!r} has no instances: leave --map-index out."
    if index not in states:
        return f"Task {name!r} is mapped: name an instance with --map-index, {min(states)} to {max(states)}."
    if options.try_number is not None:
        return f"Task {name!r} has no log of try {options.try_number} in run {run_id}: {way} shows its last try."
    return f"Task {name!r} has no log in run {run_id}, as its state is {states[index]}: {way} shows all tasks."


def _run(session: Session, dag_id: str, run_id: str) -> listings.RunRow:
    with session.database.read() as connection:
        runs = listings.list_runs(connection, dag_id=dag_id, run_id=run_id)
    if not runs:
        raise CommandError(
            f"There is no run {run_id!r} of a DAG {dag_id!r}: `tradewind dags list-runs -d {dag_id}` shows its runs."
        )
    return runs[0]


def _row(task: listings.TaskRow) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "map_index": task.map_index if task.map_index >= 0 else None,
        "state": task.state,
        "try": task.try_number,
        "started": task.started_at,
        "ended": task.ended_at,
        "cause": task.cause,
    }

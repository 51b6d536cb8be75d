"""Task instances: their states and their logs."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.finding import add_run_argument, find_dag, find_run
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import open_session
from tradewind.cli.verbs import Verbs
from tradewind.execution.log_stores import keys_of_callbacks, keys_of_tries, open_log_store
from tradewind.metadata.statements import listings


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    listed = verbs.add("list", list_tasks)
    listed.add_argument("dag_id")
    listed.add_argument("-t", "--tree", action="store_true", help="show each below what it waits for")
    add_output_option(listed)
    state = verbs.add("state", state_of_task)
    state.add_argument("dag_id")
    state.add_argument("task_id")
    add_run_argument(state)
    state.add_argument("--map-index", type=int, default=-1, help="which instance of a mapped task, from 0")
    states = verbs.add("states-for-dag-run", states_for_dag_run)
    states.add_argument("dag_id")
    add_run_argument(states)
    add_output_option(states)
    logs = verbs.add("logs", logs_of_task)
    logs.add_argument("dag_id")
    logs.add_argument("task_id")
    add_run_argument(logs)
    logs.add_argument("--map-index", type=int, default=-1, help="which instance of a mapped task, from 0")
    logs.add_argument("--try-number", type=int, help="which try, from 1 (default: the last)")
    # What runs or clears tasks takes as long to import as all else here
    verbs.elsewhere(
        {"clear": "Have tasks run again: shows which, asks, and clears them run by run."},
        "tradewind.cli.tasks.clearing",
    )
    verbs.elsewhere(
        {
            "mark": "Say that a task has succeeded, failed or is skipped: shows what that changes, asks, and does it run by run."
        },
        "tradewind.cli.runs.marking",
        by="add_task_verbs",
    )
    verbs.elsewhere(
        {"set-priority": "Change the priority of a run's tasks that have not ended; what waits moves at once."},
        "tradewind.cli.tasks.prioritising",
    )
    verbs.elsewhere(
        {
            "run": "Run one task instance here and now: a real, recorded try, in a process under this one; exit code 1 if it fails."
        },
        "tradewind.cli.tasks.running_by_hand",
    )
    verbs.elsewhere(
        {
            "failed-deps": "Say in one sentence why a DAG, a run or a task does not run; computed from what the schedulers "
            "decide by."
        },
        "tradewind.cli.tasks.failed_deps",
    )
    verbs.elsewhere(
        {
            "test": "Execute one task in this process, whatever is before it; nothing is recorded.",
            "render": "Show a task's arguments with their templates filled in, without executing it.",
        },
        "tradewind.cli.tasks.trying",
    )


def list_tasks(options: argparse.Namespace) -> None:
    """List the tasks of a DAG's current version, in topological order."""
    # What reads a version: the other verbs need not wait for it
    from tradewind.cli.shared.graphs import read_graph  # noqa: PLC0415
    from tradewind.operations.dags.drawing import outline  # noqa: PLC0415

    with open_session() as session, session.database.read() as connection:
        row = find_dag(connection, options.dag_id)
        graph = read_graph(session, connection, row.version_id)
    if options.tree:
        print("\n".join(outline(graph)))
    elif options.output == "table":
        print("\n".join(graph.tasks))
    else:
        rows = [
            {"task_id": each.task_id, "operator": each.task_type, "trigger_rule": each.trigger_rule, "pool": each.pool}
            for each in graph.tasks.values()
        ]
        print_rows(rows, options.output)


def state_of_task(options: argparse.Namespace) -> None:
    """Print the state of a task instance; the cause, where it did not succeed, is on stderr."""
    with open_session() as session, session.database.read() as connection:
        run = find_run(connection, options.dag_id, options.execution_date_or_run_id)
        rows = listings.list_tasks(connection, run.id)
    wanted = (row for row in rows if (row.task_id, row.map_index) == (options.task_id, options.map_index))
    task = next(wanted, None)
    if task is None:
        raise CommandError(_not_there(rows, run, options), error_id="no-such-task")
    print(task.state)
    if task.cause:
        print(task.cause, file=sys.stderr)


def states_for_dag_run(options: argparse.Namespace) -> None:
    """List the states of a run's task instances, in topological order, with the cause where one did not succeed."""
    with open_session() as session, session.database.read() as connection:
        found = find_run(connection, options.dag_id, options.execution_date_or_run_id)
        rows = [_row(each) for each in listings.list_tasks(connection, found.id)]
    print_rows(rows, options.output)


def logs_of_task(options: argparse.Namespace) -> None:
    """Print the log of a task instance's try, and those of its callbacks."""
    with open_session() as session, closing(open_log_store(session.config)) as store:
        with session.database.read() as connection:
            found = find_run(connection, options.dag_id, options.execution_date_or_run_id)
            rows = listings.list_tasks(connection, found.id)
        wanted = (row for row in rows if (row.task_id, row.map_index) == (options.task_id, options.map_index))
        task = next(wanted, None)
        keys = task and keys_of_tries(session.database, store, found, task, try_number=options.try_number)
        if not keys:
            raise CommandError(_no_log(rows, found, options), error_id="no-such-log")
        for key in (keys[-1], *keys_of_callbacks(store, keys[-1])):
            sys.stdout.write(store.read(key).decode(errors="replace"))


def _no_log(rows: list[listings.TaskRow], run: listings.RunRow, options: argparse.Namespace) -> str:
    """Return the sentence for a log that is not there: no such task, an instance to be named, or nothing ran yet."""
    name, run_id, index = options.task_id, repr(run.run_id), options.map_index
    way = f"`tradewind tasks states-for-dag-run {run.dag_id} {run.run_id}`"
    states = {row.map_index: row.state for row in rows if row.task_id == name}
    if index not in states:
        return _not_there(rows, run, options)
    if options.try_number is not None:
        return f"Task {name!r} has no log of try {options.try_number} in run {run_id}: {way} shows its last try."
    return f"Task {name!r} has no log in run {run_id}, as its state is {states[index]}: {way} shows all tasks."


def _not_there(rows: list[listings.TaskRow], run: listings.RunRow, options: argparse.Namespace) -> str:
    """Return the sentence for a task instance that the run does not have."""
    name = options.task_id
    indexes = [row.map_index for row in rows if row.task_id == name]
    if not indexes:
        near = did_you_mean(name, {row.task_id for row in rows})
        way = f"`tradewind tasks states-for-dag-run {run.dag_id} {run.run_id}`"
        return f"Run {run.run_id!r} has no task {name!r}{near or ':'} {way} shows its tasks."
    if -1 in indexes:
        return f"Task {name!r} has no instances: leave --map-index out."
    return f"Task {name!r} is mapped: name an instance with --map-index, {min(indexes)} to {max(indexes)}."


def _row(task: listings.TaskRow) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "map_index": task.label or (task.map_index if task.map_index >= 0 else None),
        "state": task.state,
        "try": task.try_number,
        "started": task.started_at,
        "ended": task.ended_at,
        "cause": task.cause,
    }

"""Task instances: their states and their logs."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.finding import add_run_argument
from tradewind.cli.shared.naming import find_run
from tradewind.cli.shared.operating import Operations, open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements.browsing.instances import InstanceFilter
from tradewind.operations.errors import NotFoundError
from tradewind.operations.paging import ALL
from tradewind.operations.task_instances.logs import read_last_log
from tradewind.operations.task_instances.reading import InstanceView, get_instance, list_instances


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    verbs.elsewhere(
        {"list": "List the tasks of a DAG's current version, in topological order."}, "tradewind.cli.tasks.listing"
    )
    state = verbs.add("state", state_of_task, remote=True)
    state.add_argument("dag_id")
    state.add_argument("task_id")
    add_run_argument(state)
    state.add_argument("--map-index", type=int, default=-1, help="which instance of a mapped task, from 0")
    states = verbs.add("states-for-dag-run", states_for_dag_run, remote=True)
    states.add_argument("dag_id")
    add_run_argument(states)
    add_output_option(states)
    logs = verbs.add("logs", logs_of_task, remote=True)
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
        "tradewind.cli.tasks.marking",
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
            "run-try": "Run the one try that an executor's ticket names, to its end; nothing where it is not queued any more."
        },
        "tradewind.cli.tasks.running_tickets",
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


def state_of_task(options: argparse.Namespace) -> None:
    """Print the state of a task instance; the cause, where it did not succeed, is on stderr."""
    with open_operations(options) as operations:
        run = find_run(operations, options.dag_id, options.execution_date_or_run_id)
        named = {"dag_id": options.dag_id, "run_id": run.run_id, "task_id": options.task_id}
        try:
            task = operations.ask(get_instance, **named, map_index=options.map_index)
        except NotFoundError as error:
            raise CommandError(_not_there(_states(operations, run), run, options), error_id="no-such-task") from error
    print(task.state)
    if task.row.cause:
        print(task.row.cause, file=sys.stderr)


def states_for_dag_run(options: argparse.Namespace) -> None:
    """List the states of a run's task instances, in topological order, with the cause where one did not succeed."""
    with open_operations(options) as operations:
        rows = _states(operations, find_run(operations, options.dag_id, options.execution_date_or_run_id))
    print_rows([_row(each) for each in rows], options.output)


def _states(operations: Operations, run: Any) -> list[InstanceView]:
    return operations.ask_all(
        list_instances,
        dag_id=run.dag_id,
        run_id=run.run_id,
        wanted=InstanceFilter(),
        page=replace(ALL, order_by="topological"),
    )


def logs_of_task(options: argparse.Namespace) -> None:
    """Print the log of a task instance's try, and those of its callbacks."""
    with open_operations(options) as operations:
        run = find_run(operations, options.dag_id, options.execution_date_or_run_id)
        named = {"dag_id": run.dag_id, "run_id": run.run_id, "task_id": options.task_id}
        which = {**named, "map_index": options.map_index, "try_number": options.try_number}
        try:
            part = operations.ask(read_last_log, **which)
        except NotFoundError as error:
            raise CommandError(_no_log(_states(operations, run), run, options), error_id="no-such-log") from error
        while part.content:
            sys.stdout.write(part.content)
            part = operations.ask(read_last_log, **which, token=part.next)


def _no_log(rows: list[InstanceView], run: Any, options: argparse.Namespace) -> str:
    """Return the sentence for a log that is not there: no such task, an instance to be named, or nothing ran yet."""
    name, run_id, index = options.task_id, repr(run.run_id), options.map_index
    way = f"`tradewind tasks states-for-dag-run {run.dag_id} {run.run_id}`"
    states = {each.row.map_index: each.state for each in rows if each.row.task_id == name}
    if index not in states:
        return _not_there(rows, run, options)
    if options.try_number is not None:
        return f"Task {name!r} has no log of try {options.try_number} in run {run_id}: {way} shows its last try."
    return f"Task {name!r} has no log in run {run_id}, as its state is {states[index]}: {way} shows all tasks."


def _not_there(rows: list[InstanceView], run: Any, options: argparse.Namespace) -> str:
    """Return the sentence for a task instance that the run does not have."""
    name = options.task_id
    indexes = [each.row.map_index for each in rows if each.row.task_id == name]
    if not indexes:
        near = did_you_mean(name, {each.row.task_id for each in rows})
        way = f"`tradewind tasks states-for-dag-run {run.dag_id} {run.run_id}`"
        return f"Run {run.run_id!r} has no task {name!r}{near or ':'} {way} shows its tasks."
    if -1 in indexes:
        return f"Task {name!r} has no instances: leave --map-index out."
    return f"Task {name!r} is mapped: name an instance with --map-index, {min(indexes)} to {max(indexes)}."


def _row(task: InstanceView) -> dict[str, Any]:
    return {
        "task_id": task.row.task_id,
        "map_index": task.row.label or (task.row.map_index if task.row.map_index >= 0 else None),
        "state": task.state,
        "try": task.try_number,
        "started": task.started_at,
        "ended": task.ended_at,
        "cause": task.row.cause,
    }

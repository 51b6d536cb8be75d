"""`tradewind tasks clear`: tasks of some runs forget how they ended and run again."""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import sqlalchemy as sa

from tradewind.cli.confirming import add_yes_option, confirm
from tradewind.cli.errors import CommandError
from tradewind.cli.finding import find_dag
from tradewind.cli.output import add_output_option, print_rows
from tradewind.cli.session import Session, open_session
from tradewind.cli.values import instant, pattern
from tradewind.cli.verbs import Verbs
from tradewind.cli.waking import wake_schedulers
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import listings
from tradewind.serialization import SerializedDag
from tradewind.transitions import clear
from tradewind.transitions.graph import Graphs, descendants
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.states import TaskState

FAILED = (TaskState.FAILED, TaskState.UPSTREAM_FAILED)


@dataclass(frozen=True)
class Selected:
    """What is to be cleared in one run: its tasks, and their instances as they are now."""

    run: listings.RunRow
    task_ids: frozenset[str]
    instances: tuple[listings.TaskRow, ...]


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add("clear", clear_tasks)
    verb.add_argument("dag_id")
    verb.add_argument(
        "-t", "--task-regex", type=pattern, help="tasks whose id this regular expression finds (default: all)"
    )
    verb.add_argument("-r", "--run-id", help="the run of this id only")
    verb.add_argument("-s", "--start-date", type=instant, help="runs with logical dates from this one on")
    verb.add_argument("-e", "--end-date", type=instant, help="runs with logical dates up to this one")
    verb.add_argument(
        "-f", "--only-failed", action="store_true", help="instances that failed, or that a failure kept back"
    )
    verb.add_argument("-u", "--upstream", action="store_true", help="also what is before them")
    verb.add_argument("-d", "--downstream", action="store_true", help="also what is after them")
    verb.add_argument(
        "-R", "--dag-regex", action="store_true", help="DAG_ID is a regular expression: every DAG it finds"
    )
    add_yes_option(verb)
    add_output_option(verb)


def clear_tasks(options: argparse.Namespace) -> None:
    """Have tasks run again: shows which, asks, and clears them run by run.

    A run that had ended goes on, on the version that it started with. Nothing in a run is cleared while one of the tasks
    named is running.
    """
    with open_session(changes_states=True) as session:
        graphs = open_graphs(session.config.plugins.codec)
        with session.database.read() as connection:
            found = [
                each for dag_id in _dags(connection, options) for each in _select(connection, dag_id, graphs, options)
            ]
        count = sum(len(each.instances) for each in found)
        if options.output != "table" or found:
            print_rows([_row(each, task) for each in found for task in each.instances], options.output)
        if not count:
            raise CommandError(
                f"Nothing of {options.dag_id} is to be cleared: {_way(options)}.", error_id="nothing-to-clear"
            )
        confirm(f"{count} task instances in {len(found)} runs are to run again.", yes=options.yes)
        busy = [each for each in found if not _clear(session, each, graphs, options)]
        wake_schedulers(session)
    _say(found, busy, options)


def _dags(connection: sa.Connection, options: argparse.Namespace) -> list[str]:
    if not options.dag_regex:
        return [find_dag(connection, options.dag_id).dag_id]
    try:
        wanted = pattern(options.dag_id)
    except argparse.ArgumentTypeError as error:
        raise CommandError(str(error), exit_code=2, error_id="wrong-usage") from error
    return [each.dag_id for each in listings.list_dags(connection) if wanted.search(each.dag_id)]


def _select(connection: sa.Connection, dag_id: str, graphs: Graphs, options: argparse.Namespace) -> Iterator[Selected]:
    runs = listings.list_runs(
        connection,
        dag_id=dag_id,
        run_id=options.run_id,
        since=options.start_date,
        until=options.end_date,
        limit=None,
    )
    for run in runs:
        graph = cast(SerializedDag, graphs.get(connection, run.version_id))
        task_ids = _tasks(graph, options.task_regex, upstream=options.upstream, downstream=options.downstream)
        rows = listings.list_tasks(connection, run.id)
        named = tuple(row for row in rows if row.task_id in task_ids and _is_wanted(row, options))
        if named:
            yield Selected(run, frozenset(row.task_id for row in named), named)


def _is_wanted(row: listings.TaskRow, options: argparse.Namespace) -> bool:
    if options.only_failed:
        return row.state in FAILED
    return row.state != TaskState.NONE


def _tasks(
    graph: SerializedDag, wanted: re.Pattern[str] | None, *, upstream: bool, downstream: bool
) -> Collection[str]:
    named = {task_id for task_id in graph.tasks if wanted is None or wanted.search(task_id)}
    found = set(named)
    if downstream:
        found |= descendants(graph, named)
    if upstream:
        found |= _ancestors({task_id: task.upstream for task_id, task in graph.tasks.items()}, named)
    return found


def _ancestors(upstream: Mapping[str, Collection[str]], named: Collection[str]) -> set[str]:
    found: set[str] = set()
    todo = list(named)
    while todo:
        task_id = todo.pop()
        if task_id not in found:
            found.add(task_id)
            todo.extend(upstream[task_id])
    return found


def _clear(session: Session, selected: Selected, graphs: Graphs, options: argparse.Namespace) -> bool:
    """Clear in one run; False when something of it is running."""
    clock = SystemClock()
    done = session.database.write(
        lambda connection: clear.clear(
            connection,
            selected.run.id,
            selected.task_ids,
            graphs=graphs,
            clock=clock,
            ids=RandomIds(clock.now),
            states=FAILED if options.only_failed else None,
        )
    )
    return not done.running


def _say(found: list[Selected], busy: list[Selected], options: argparse.Namespace) -> None:
    if options.output == "table":
        cleared = [each for each in found if each not in busy]
        print(f"{sum(len(each.instances) for each in cleared)} task instances in {len(cleared)} runs run again.")
    if busy:
        names = ", ".join(each.run.run_id for each in busy)
        raise CommandError(
            f"Nothing was cleared where one of these tasks is running: {names}. Try again when it has ended.",
            error_id="task-running",
        )


def _row(selected: Selected, task: listings.TaskRow) -> dict[str, object]:
    return {
        "dag_id": selected.run.dag_id,
        "run_id": selected.run.run_id,
        "task_id": task.task_id,
        "map_index": task.map_index if task.map_index >= 0 else None,
        "state": task.state,
    }


def _way(options: argparse.Namespace) -> str:
    if options.only_failed:
        return "no task instance that these options name has failed"
    return "no run or task fits these options (`tradewind dags list-runs` shows the runs)"

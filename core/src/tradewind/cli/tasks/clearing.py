"""`tradewind tasks clear`: tasks of some runs forget how they ended and run again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from tradewind.cli.errors import CommandError
from tradewind.cli.runs.selecting import add_neighbour_options, runs_around
from tradewind.cli.shared.confirming import add_yes_option, confirm
from tradewind.cli.shared.finding import find_dag
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import Session, open_session
from tradewind.cli.shared.values import instant, pattern
from tradewind.cli.shared.waking import wake_schedulers
from tradewind.cli.verbs import Verbs
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import listings
from tradewind.operations.selecting import with_neighbours
from tradewind.transitions.clear import Cleared, require_same_name
from tradewind.transitions.clear_across import Step, TooDeepError, Wish, clear_all, preview
from tradewind.transitions.graph import Graphs
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.states import TaskState

FAILED = (TaskState.FAILED, TaskState.UPSTREAM_FAILED)


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add("clear", clear_tasks)
    verb.add_argument("dag_id")
    verb.add_argument(
        "-t", "--task-regex", type=pattern, help="tasks whose id this regular expression finds (default: all)"
    )
    verb.add_argument(
        "--map-index",
        type=int,
        action="append",
        help="of the tasks named only this instance, from 0; may be given several times",
    )
    verb.add_argument("-r", "--run-id", help="the run of this id, or of this logical date, only")
    verb.add_argument("-s", "--start-date", type=instant, help="runs with logical dates from this one on")
    verb.add_argument("-e", "--end-date", type=instant, help="runs with logical dates up to this one")
    verb.add_argument(
        "-f", "--only-failed", action="store_true", help="instances that failed, or that a failure kept back"
    )
    add_neighbour_options(verb)
    verb.add_argument(
        "-R", "--dag-regex", action="store_true", help="DAG_ID is a regular expression: every DAG it finds"
    )
    verb.add_argument(
        "--only-this-dag", action="store_true", help="do not go on where an ExternalTaskMarker leads to other DAGs"
    )
    verb.add_argument("-n", "--dry-run", action="store_true", help="only show what would become of what")
    add_yes_option(verb)
    add_output_option(verb)


def clear_tasks(options: argparse.Namespace) -> None:
    """Have tasks run again: shows which, asks, and clears them run by run.

    A run that had ended goes on, on the version that it started with. Nothing in a run is cleared while one of the tasks
    named is running. Where a marker of another DAG's task is cleared, that task is too, with all that is after it.
    """
    _check(options)
    with open_session(changes_states=True) as session:
        graphs = open_graphs(session.config.plugins.codec)
        steps = _find(session, graphs, options)
        rows = [row for step in steps for row in _rows(step)]
        if options.output != "table" or rows:
            print_rows(rows, options.output)
        if not rows:
            raise CommandError(
                f"Nothing of {options.dag_id} is to be cleared: {_way(options)}.", error_id="nothing-to-clear"
            )
        if options.dry_run:
            _say_what_would_be(steps, options)
            return
        confirm(f"{len(rows)} task instances in {len(steps)} runs are to run again.", yes=options.yes)
        clock = SystemClock()
        done = clear_all(session.database.write, steps, graphs=graphs, clock=clock, ids=RandomIds(clock.now))
        wake_schedulers(session)
    _say(steps, done, options)


def _check(options: argparse.Namespace) -> None:
    if (options.past or options.future) and options.run_id is None:
        raise CommandError(
            "--past and --future are about the run that --run-id names: name one, or give --start-date and --end-date.",
            exit_code=2,
            error_id="wrong-usage",
        )


def _find(session: Session, graphs: Graphs, options: argparse.Namespace) -> list[Step]:
    """Return what is to be done in runs in which it changes anything."""
    with session.database.read() as connection:
        wishes = [
            wish for dag_id in _dags(connection, options) for wish in _wishes(connection, dag_id, graphs, options)
        ]
        try:
            found = preview(connection, wishes, graphs=graphs, follows_markers=not options.only_this_dag)
        except TooDeepError as error:
            raise CommandError(str(error), error_id="marker-too-deep") from error
    changing = [step for step in found if step.plan.changed]
    able = [step for step in changing if step.plan.former_name is None]
    if changing and not able:
        require_same_name(changing[0].plan)
    if left := [step.plan.run.run_id for step in changing if step not in able]:
        print(f"Left out, as their DAG was renamed since: {', '.join(left)}.", file=sys.stderr)
    return able


def _dags(connection: sa.Connection, options: argparse.Namespace) -> list[str]:
    if not options.dag_regex:
        return [find_dag(connection, options.dag_id).dag_id]
    try:
        wanted = pattern(options.dag_id)
    except argparse.ArgumentTypeError as error:
        raise CommandError(str(error), exit_code=2, error_id="wrong-usage") from error
    return [each.dag_id for each in listings.list_dags(connection) if wanted.search(each.dag_id)]


def _wishes(connection: sa.Connection, dag_id: str, graphs: Graphs, options: argparse.Namespace) -> Iterator[Wish]:
    for run in _runs(connection, dag_id, options):
        graph = graphs.get(connection, run.version_id)
        wanted = options.task_regex
        named = {task_id for task_id in graph.tasks if wanted is None or wanted.search(task_id)}
        tasks = with_neighbours(graph, named, upstream=options.upstream, downstream=options.downstream)
        yield Wish(run.id, tasks, FAILED if options.only_failed else None, options.map_index)


def _runs(connection: sa.Connection, dag_id: str, options: argparse.Namespace) -> list[listings.RunRow]:
    name, since, until = options.run_id, options.start_date, options.end_date
    if name is None:
        return listings.list_runs(connection, dag_id=dag_id, since=since, until=until, limit=None)
    found = runs_around(connection, dag_id, name, past=options.past, future=options.future)
    return [run for run in found if _is_between(run, options)]


def _is_between(run: listings.RunRow, options: argparse.Namespace) -> bool:
    date = run.logical_date
    if date is None:
        return options.start_date is None and options.end_date is None
    return (options.start_date is None or date >= options.start_date) and (
        options.end_date is None or date <= options.end_date
    )


def _say_what_would_be(steps: Sequence[Step], options: argparse.Namespace) -> None:
    if options.output != "table":
        return
    for step in steps:
        run = step.plan.run
        where = f"Run {run.run_id} of {run.dag_id}"
        if step.plan.running:
            names = ", ".join(sorted({row.task_id for row in step.plan.running}))
            print(f"{where} is left as it is while these run: {names}.")
        elif step.plan.queues_run:
            print(f"{where} is {run.state}, and is queued again.")
        else:
            print(f"{where} is {run.state}, and goes on.")
    print("Nothing was changed.")


def _say(steps: Sequence[Step], done: Sequence[Cleared | None], options: argparse.Namespace) -> None:
    cleared = [step for step, each in zip(steps, done, strict=True) if each is not None and each.cleared]
    busy = [step for step, each in zip(steps, done, strict=True) if each is None or each.running]
    if options.output == "table":
        count = sum(len(each.plan.changed) for each in cleared)
        print(f"{count} task instances in {len(cleared)} runs run again.")
    if busy:
        names = ", ".join(each.plan.run.run_id for each in busy)
        raise CommandError(
            f"Nothing was cleared where one of these tasks is running: {names}. Try again when it has ended.",
            error_id="task-running",
        )


def _rows(step: Step) -> Iterator[dict[str, object]]:
    plan = step.plan
    becomes = "queued" if plan.queues_run else plan.run.state
    for row in plan.changed:
        yield {
            "dag_id": plan.run.dag_id,
            "run_id": plan.run.run_id,
            "run_state": plan.run.state,
            "run_becomes": becomes,
            "task_id": row.task_id,
            "map_index": row.map_index if row.map_index >= 0 else None,
            "state": row.state,
            "effect": plan.effect(row) if not plan.running or row in plan.running else "stays: others run",
            "marked_by": ", ".join(sorted(task_id for _, task_id in step.wish.by)) or None,
        }


def _way(options: argparse.Namespace) -> str:
    if options.only_failed:
        return "no task instance that these options name has failed"
    return "no run or task fits these options (`tradewind dags list-runs` shows the runs)"

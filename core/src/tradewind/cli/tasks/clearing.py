"""`tradewind tasks clear`: tasks of some runs forget how they ended and run again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.runs.selecting import add_neighbour_options, in_parts, naming_dateless
from tradewind.cli.shared.confirming import add_yes_option, confirm
from tradewind.cli.shared.naming import ask_of_dag, find_run
from tradewind.cli.shared.operating import Operations, open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.values import instant, pattern
from tradewind.cli.verbs import Verbs
from tradewind.metadata.statements.browsing.dags import DagFilter
from tradewind.operations.dags.reading import list_dags
from tradewind.operations.task_instances import clearing
from tradewind.operations.task_instances.clearing import ClearedInstance, ClearedRun, ClearedTasks

Named = tuple[str, str]  # ids of a DAG and of a run of it


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add("clear", clear_tasks, remote=True)
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
    with open_operations(options, changes_states=True) as operations:
        wishes = [wish for dag_id in _dags(operations, options) if (wish := _wish(operations, dag_id, options))]
        found = [_ask(operations, wish, dry_run=True) for wish in wishes]
        if left := [run_id for each in found for run_id in each.left_out]:
            print(f"Left out, as their DAG was renamed since: {', '.join(left)}.", file=sys.stderr)
        runs = _by_name(found)
        rows = list(_rows(found, runs))
        if options.output != "table" or rows:
            print_rows(rows, options.output)
        if not rows:
            raise CommandError(
                f"Nothing of {options.dag_id} is to be cleared: {_way(options)}.", error_id="nothing-to-clear"
            )
        if options.dry_run:
            _say_what_would_be(runs.values(), options)
            return
        confirm(f"{len(rows)} task instances in {len(runs)} runs are to run again.", yes=options.yes)
        done = [part for wish, each in zip(wishes, found, strict=True) for part in _do(operations, wish, each)]
    _say([run for each in done for run in each.runs], options)


def _check(options: argparse.Namespace) -> None:
    if (options.past or options.future) and options.run_id is None:
        raise CommandError(
            "--past and --future are about the run that --run-id names: name one, or give --start-date and --end-date.",
            exit_code=2,
            error_id="wrong-usage",
        )


def _dags(operations: Operations, options: argparse.Namespace) -> list[str]:
    if not options.dag_regex:
        return [options.dag_id]
    try:
        wanted = pattern(options.dag_id)
    except argparse.ArgumentTypeError as error:
        raise CommandError(str(error), exit_code=2, error_id="wrong-usage") from error
    known = [each.row.dag_id for each in operations.ask_all(list_dags, wanted=DagFilter())]
    return [dag_id for dag_id in known if wanted.search(dag_id)]


def _wish(operations: Operations, dag_id: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return what is asked for in one DAG; nothing where no task has a name that is wanted."""
    run_id = None if options.run_id is None else find_run(operations, dag_id, options.run_id).run_id
    which = {
        "dag_id": dag_id,
        "run_ids": None if run_id is None else [run_id],
        "start_date": options.start_date,
        "end_date": options.end_date,
        "include_past": options.past,
        "include_future": options.future,
        "most": None,
    }
    task_ids = None
    if options.task_regex is not None:
        with naming_dateless(dag_id, run_id):
            known = ask_of_dag(operations, clearing.list_task_ids, **which).task_ids
        task_ids = [task_id for task_id in known if options.task_regex.search(task_id)]
        if not task_ids:
            return {}
    return {
        **which,
        "task_ids": task_ids,
        "map_indexes": options.map_index,
        "only_failed": options.only_failed,
        "include_upstream": options.upstream,
        "include_downstream": options.downstream,
        "only_this_dag": options.only_this_dag,
    }


def _ask(operations: Operations, wish: dict[str, Any], *, dry_run: bool) -> ClearedTasks:
    run_ids = wish["run_ids"]
    with naming_dateless(wish["dag_id"], run_ids and run_ids[0]):
        return ask_of_dag(operations, clearing.clear_tasks, **wish, dry_run=dry_run)


def _do(operations: Operations, wish: dict[str, Any], shown: ClearedTasks) -> Iterator[ClearedTasks]:
    """Have done what was shown, in the runs that it was shown of, and where markers lead from there."""
    named = {each.run_id: None for each in shown.instances if each.dag_id == wish["dag_id"] and not each.marked_by}
    for run_ids in in_parts(list(named)):
        only = {"run_ids": run_ids, "include_past": False, "include_future": False}
        yield _ask(operations, wish | only, dry_run=False)


def _by_name(found: Sequence[ClearedTasks]) -> dict[Named, ClearedRun]:
    """Return the runs; what several DAGs lead to is there once."""
    named: dict[Named, ClearedRun] = {}
    for each in found:
        for run in each.runs:
            named.setdefault((run.dag_id, run.run_id), run)
    return named


def _rows(found: Sequence[ClearedTasks], runs: dict[Named, ClearedRun]) -> Iterator[dict[str, object]]:
    seen: set[tuple[str, str, str, int]] = set()
    for row in (each for one in found for each in one.instances):
        key = (row.dag_id, row.run_id, row.task_id, row.map_index)
        if key not in seen:
            seen.add(key)
            yield _row(row, runs[row.dag_id, row.run_id])


def _row(row: ClearedInstance, run: ClearedRun) -> dict[str, object]:
    return {
        "dag_id": row.dag_id,
        "run_id": row.run_id,
        "run_state": run.state,
        "run_becomes": run.becomes,
        "task_id": row.task_id,
        "map_index": row.map_index if row.map_index >= 0 else None,
        "state": row.state,
        "effect": row.effect,
        "marked_by": ", ".join(row.marked_by) or None,
    }


def _say_what_would_be(runs: Iterable[ClearedRun], options: argparse.Namespace) -> None:
    if options.output != "table":
        return
    for run in runs:
        where = f"Run {run.run_id} of {run.dag_id}"
        if run.running:
            print(f"{where} is left as it is while these run: {', '.join(run.running)}.")
        elif run.becomes != run.state:
            print(f"{where} is {run.state}, and is queued again.")
        else:
            print(f"{where} is {run.state}, and goes on.")
    print("Nothing was changed.")


def _say(done: Sequence[ClearedRun], options: argparse.Namespace) -> None:
    cleared = {(run.dag_id, run.run_id) for run in done if run.is_cleared}
    if options.output == "table":
        print(f"{sum(run.number for run in done if run.is_cleared)} task instances in {len(cleared)} runs run again.")
    if busy := ", ".join(run.run_id for run in done if run.is_left):
        raise CommandError(
            f"Nothing was cleared where one of these tasks is running: {busy}. Try again when it has ended.",
            error_id="task-running",
        )


def _way(options: argparse.Namespace) -> str:
    if options.only_failed:
        return "no task instance that these options name has failed"
    return "no run or task fits these options (`tradewind dags list-runs` shows the runs)"

"""`tradewind tasks mark` and `tradewind dags mark-run`: people say how tasks, or a whole run, have ended."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.confirming import add_yes_option, confirm
from tradewind.cli.shared.finding import add_run_argument, find_run
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.shared.session import Session, open_session
from tradewind.cli.shared.waking import wake_schedulers
from tradewind.cli.verbs import Verbs
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import instances, runs
from tradewind.metadata.statements.listings import RunRow
from tradewind.metadata.statements.runs import Run
from tradewind.transitions.graph import Graph, Graphs
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.marking import (
    RUN_MARKS,
    MarkPlan,
    mark_run,
    plan_run,
)


def add_run_verbs(verbs: Verbs) -> None:
    """Declare `mark-run` of DAGs."""
    verb = verbs.add("mark-run", mark_whole_run)
    verb.add_argument("dag_id")
    add_run_argument(verb)
    verb.add_argument("state", choices=RUN_MARKS)
    _add_common(verb)


def _add_common(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("-m", "--reason", help="what is kept beside the state, for those who look later")
    verb.add_argument("-n", "--dry-run", action="store_true", help="only show what would become of what")
    add_yes_option(verb)
    add_output_option(verb)


def mark_whole_run(options: argparse.Namespace) -> None:
    """Say that a run has succeeded or failed: shows what that changes, asks, and does it.

    As success: every task is marked so. As failed: what is running is stopped and fails, what has not begun is skipped.
    Teardowns are left alone, and the run ends after them.
    """
    with open_session(changes_states=True) as session:
        graphs = open_graphs(session.config.plugins.codec)
        with session.database.read() as connection:
            run = find_run(connection, options.dag_id, options.execution_date_or_run_id)
        plans = _look(session, graphs, [(run, partial(plan_run, state=options.state))])
        if _is_agreed(plans, options):
            tools = _tools(graphs, options)
            session.database.write(lambda c: mark_run(c, run.id, options.state, **tools))
            _done(session, plans, options)


def _tools(graphs: Graphs, options: argparse.Namespace) -> dict[str, Any]:
    clock = SystemClock()
    return {"graphs": graphs, "clock": clock, "ids": RandomIds(clock.now), "reason": options.reason}


Plan = Callable[[Run, Graph, list[instances.LockedInstance]], MarkPlan]


def _look(session: Session, graphs: Graphs, wanted: Sequence[tuple[RunRow, Plan]]) -> list[MarkPlan]:
    """Return what would be done, from unlocked rows; runs in which nothing would change are left out."""
    found = []
    with session.database.read() as connection:
        for row, plan in wanted:
            run = runs.get(connection, row.id)
            if run is not None:
                graph = graphs.get(connection, run.version_id)
                found.append(plan(run, graph, instances.look(connection, run.id)))
    return [each for each in found if not each.is_nothing]


def _is_agreed(plans: Sequence[MarkPlan], options: argparse.Namespace) -> bool:
    """Show what would change, and ask; False for a preview."""
    rows = [row for plan in plans for row in _rows(plan)]
    if options.output != "table" or rows:
        print_rows(rows, options.output)
    if not plans:
        raise CommandError(
            f"Nothing changes: all that you named is {options.state} already, or no part of its run.",
            error_id="nothing-to-mark",
        )
    if options.dry_run:
        if options.output == "table":
            _say(plans, "is", "would be")
            print("Nothing was changed.")
        return False
    count = sum(len(plan.marked) for plan in plans)
    confirm(f"{count} task instances in {len(plans)} runs are to be marked by hand.", yes=options.yes)
    return True


def _done(session: Session, plans: Sequence[MarkPlan], options: argparse.Namespace) -> None:
    wake_schedulers(session)
    if options.output == "table":
        _say(plans, "was", "is")


def _say(plans: Sequence[MarkPlan], before: str, after: str) -> None:
    for plan in plans:
        run = plan.run
        again = f", {len(plan.clears.named)} run again" if plan.clears.named else ""
        stopped = f", {len(plan.stopped)} of them stopped" if plan.stopped else ""
        print(
            f"Run {run.run_id} of {run.dag_id}: {len(plan.marked)} task instances marked{stopped}{again}; "
            f"the run {before} {run.state} and {after} {plan.run_becomes}."
        )


def _rows(plan: MarkPlan) -> Iterator[dict[str, object]]:
    known = {row.id: state for row, state in plan.marked}
    again = [(row, plan.clears.effect(row)) for row in plan.clears.changed]
    for row, becomes in [*plan.marked, *again]:
        yield {
            "dag_id": plan.run.dag_id,
            "run_id": plan.run.run_id,
            "run_state": plan.run.state,
            "run_becomes": plan.run_becomes,
            "task_id": row.task_id,
            "map_index": row.map_index if row.map_index >= 0 else None,
            "state": row.state,
            "becomes": becomes if row.id in known else "decided anew",
            "is_stopped": row.id in known and row.state == "running",
        }

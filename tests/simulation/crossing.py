"""Clears that follow markers into other DAGs, as `tradewind tasks clear` makes them: a preview, then run by run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import sqlalchemy as sa
from simulation.violation import Violation
from simulation.watch_markers import Crossing, Lead, leads
from simulation.watching import Seen, look
from tradewind.transitions import clear_across
from tradewind.transitions.clear import Cleared
from tradewind.transitions.clear_across import Step, TooDeepError, Wish
from tradewind.transitions.graph import descendants

if TYPE_CHECKING:
    from simulation.world import World


def clear_across_dags(world: World, words: str) -> None:
    """Clear a task of a run with what is below, and where its markers lead.

    Arguments:
        words: the DAG, the task, and a number that says which of its runs.
    """
    dag_id, task_id, place = words.split()
    runs = sorted(run.id for run in look(world.calm).runs.values() if run.dag_id == dag_id)
    if not runs:
        return
    run = runs[int(place) % len(runs)]
    dag = world.dag_of(run)
    if task_id not in dag.tasks:
        return
    steps = _preview(world, Wish(run, frozenset(descendants(dag, [task_id]))))
    world.note(
        f"operator clears {task_id} of {dag_id}/{run % 10000}, and with it {[each.wish.run % 10000 for each in steps]}"
    )
    world.crossing = Crossing({each.wish.run: Lead(each.wish.run, each.wish.task_ids, each.wish.by) for each in steps})
    try:
        done = clear_across.clear_all(_noting(world), steps, graphs=world.graphs, clock=world.clock, ids=world.ids)
        _require_done(world.crossing, steps, done)
    finally:
        world.crossing = None
    world.notify(["scheduler"])


def _preview(world: World, wish: Wish) -> list[Step]:
    """Ask what a clear would do; where nobody else did anything meanwhile, it must be what the rows say."""
    with world.database.read() as conn:
        commits, seen = world.commits, look(world.calm)
        try:
            steps = clear_across.preview(conn, [wish], graphs=world.graphs)
            told: Mapping[int, frozenset[str]] | None = {each.wish.run: each.wish.task_ids for each in steps}
        except TooDeepError as error:
            world.note(f"operator is refused a clear: {error}")
            world.count("markers too deep")
            steps, told = [], None
    if world.commits == commits and not any(dag.has_scopes for dag in world.versions.values()):
        world.check(lambda: _require_told(world, wish, seen, told))
    return steps


def _require_told(world: World, wish: Wish, seen: Seen, told: Mapping[int, frozenset[str]] | None) -> None:
    expected = leads(world, seen, wish.run, wish.task_ids)
    wanted = None if expected is None else {run: lead.tasks for run, lead in expected.items()}
    if told != wanted:
        raise Violation(
            f"a clear of {sorted(wish.task_ids)} of run {wish.run} is said to be {told}, the rows say {wanted}"
        )
    world.count("check: markers lead where the rows say")


def _noting(world: World) -> clear_across.Write:
    """Return what does a step in a transaction, and remembers what it cleared before anybody else acts."""

    def write(_step: Step, work: Callable[[sa.Connection], Cleared]) -> Cleared:
        done = world.database.write(work)
        seen = world.checker.seen.instances
        world.cleared(done.cleared)
        world.cleared_runs.update(seen[key].run for key in done.cleared)
        if done.cleared:
            world.count("clear")
        return done

    return write


def _require_done(crossing: Crossing, steps: list[Step], done: Mapping[int, Cleared]) -> None:
    """Return if each step to which a cleared marker led was tried, and did something unless something of it was running."""
    for step in steps:
        lead, found = crossing.steps[step.wish.run], done.get(step.wish.run)
        if crossing.is_led_to(lead) != (found is not None):
            raise Violation(
                f"{lead} was {'left out' if found is None else 'done'}, but {crossing.cleared} were cleared"
            )
        if found is not None and not found.cleared and not found.running:
            raise Violation(f"{lead} was tried, and neither cleared nor said to be running")

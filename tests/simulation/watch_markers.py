"""Markers: what a clear takes along in other DAGs, worked out anew from the rows; and that it is what happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from simulation.baton import Turn
from simulation.scenario import SimDag
from simulation.violation import Violation
from simulation.watch import Watch
from simulation.watching import Seen

if TYPE_CHECKING:
    from simulation.world import World

_ENDING = "SELECT s.instance FROM stopped_try s JOIN daemon d ON d.id = s.worker WHERE d.ended_at IS NULL"
Marker = tuple[int, str]


@dataclass(frozen=True)
class Lead:
    """What a clear is about in one run.

    Arguments:
        by: the markers that lead there, as (run, task id); none for what was named.
    """

    run: int
    tasks: frozenset[str]
    by: frozenset[Marker] = frozenset()
    depth: int = 0
    most: int | None = None


@dataclass
class Crossing:
    """A clear on its way through the DAGs: what it was said to do, and what it has done."""

    steps: Mapping[int, Lead]
    cleared: dict[int, frozenset[str]] = field(default_factory=dict)

    def is_led_to(self, lead: Lead) -> bool:
        """Whether a run was named, or a marker that leads there was cleared."""
        return not lead.by or any(task_id in self.cleared.get(run, ()) for run, task_id in lead.by)


class MarkerWatch(Watch):
    """Knows that a clear of `world.crossing` touches what it was said to touch, and only where a cleared marker leads."""

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        crossing = self.world.crossing
        if turn.name != "operator" or crossing is None:
            return
        for run in seen.runs:
            tokens = {each.id: each.token for each in before.of_run(run)}
            raised = {each.task_id for each in seen.of_run(run) if each.token > tokens.get(each.id, each.token)}
            if raised:
                self._cleared(crossing, run, raised)

    def _cleared(self, crossing: Crossing, run: int, tasks: set[str]) -> None:
        dag, lead = self.world.dag_of(run), crossing.steps.get(run)
        if lead is None:
            raise Violation(f"{sorted(tasks)} of {dag.dag_id}/{run % 10000} are cleared, where nothing leads to")
        if not crossing.is_led_to(lead):
            raise Violation(
                f"{sorted(tasks)} of {dag.dag_id}/{run % 10000} are cleared, but none of {sorted(lead.by)} was"
            )
        if not dag.has_scopes and tasks - lead.tasks:
            raise Violation(
                f"{sorted(tasks - lead.tasks)} of {dag.dag_id}/{run % 10000} are cleared, and nobody named them"
            )
        crossing.cleared[run] = frozenset(tasks)
        if lead.by:
            self.world.count("clear across DAGs")


def leads(world: World, seen: Seen, run: int, tasks: Iterable[str]) -> dict[int, Lead] | None:
    """Return what a clear takes along, as the rows are: breadth first, each marker once; None where markers lead too far."""
    busy = {row[0] for row in world.calm.rows(_ENDING)}
    busy |= {each.id for each in seen.instances.values() if each.state == "running"}
    found: dict[int, Lead] = {}
    todo, known = [Lead(run, frozenset(tasks))], set[Marker]()
    while todo:
        lead = _joined(found.get(todo[0].run), todo.pop(0))
        found[lead.run] = lead
        named = [each for each in seen.of_run(lead.run) if each.task_id in lead.tasks]
        if any(each.id in busy for each in named):
            continue
        dag = world.dag_of(lead.run)
        marks = [task for task in dag.tasks.values() if task.marks is not None and task.task_id in lead.tasks]
        for task in marks:
            marker = (lead.run, task.task_id)
            if marker in known:
                continue
            known.add(marker)
            most = task.marks.recursion_depth if lead.most is None else lead.most
            if lead.depth + 1 > most:
                return None
            target = _newest(seen, task.marks.dag_id, seen.runs[lead.run].logical_date)
            if target is not None:
                below = _below(world.dag_of(target), task.marks.task_id)
                todo.append(Lead(target, below, frozenset({marker}), lead.depth + 1, most))
    return found


def _joined(known: Lead | None, lead: Lead) -> Lead:
    """Return what is to be done in a run to which one more way leads."""
    if known is None:
        return lead
    return replace(lead, tasks=known.tasks | lead.tasks, by=known.by | lead.by if known.by and lead.by else frozenset())


def _newest(seen: Seen, dag_id: str, date: int | None) -> int | None:
    of_date = [run.id for run in seen.runs.values() if run.dag_id == dag_id and run.logical_date == date]
    return max(of_date, default=None)


def _below(dag: SimDag, task_id: str) -> frozenset[str]:
    """Return a task with all that is behind it."""
    found = {task_id}
    for task in dag.tasks.values():  # in topological order
        if found & set(task.upstream):
            found.add(task.task_id)
    return frozenset(found)

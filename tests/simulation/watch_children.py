"""Runs that tasks ask for: each dispatch brings about one at most, however often it asks, and none when it is over."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from simulation.baton import Turn
from simulation.scenario import CHILD
from simulation.violation import Violation
from simulation.watch import Watch, note_cleared
from simulation.watching import Seen

if TYPE_CHECKING:
    from simulation.world import World

Dispatch = tuple[int, int]


class ChildWatch(Watch):
    """Knows what `child_runs.make` promises."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._made: Counter[Dispatch] = Counter()

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        asking = self.world.asking.get(turn.name)
        if asking is None:
            return
        again = [run for run in seen.runs.values() if run.dag_id == CHILD and self._is_begun(before, seen, run.id)]
        if not again:
            return
        self._made[asking] += 1
        self.world.count("child run")
        row = before.instances[asking[0]]
        if row.state != "running" or row.token != asking[1]:
            raise Violation(f"{row.name} is {row.state} with token {row.token}, and {asking} makes a run for it")
        if self._made[asking] > 1:
            raise Violation(f"{row.name} made runs twice in one try")

    def _is_begun(self, before: Seen, seen: Seen, run: int) -> bool:
        """Whether a run was made, or begins anew."""
        return run not in before.runs or note_cleared(self.world, before, seen, run)

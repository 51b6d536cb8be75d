"""Limits of single tasks, and holds: what may be at work beside what, and what may not begin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulation.baton import Turn
from simulation.violation import Violation
from simulation.watch import AT_WORK, Watch, admitted
from simulation.watching import Calm, History, InstanceSeen, Seen

if TYPE_CHECKING:
    from simulation.world import World

_HOLDS = "SELECT dag_id, run, task_id FROM hold ORDER BY id"
Lane = tuple[str, str, int]
"""A DAG, a task, and a run; 0 for all runs."""


class LimitWatch(Watch):
    """Knows that no task has more instances at work than its own limits allow, and that whoever is within them may begin."""

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        resumed = {each.id for each in before.instances.values() if each.state == "deferred"}
        was = _lanes(before, resumed)
        used = _lanes(seen, without=self.world.checker.resumed_since(turn.began_at))
        for lane, count in used.items():
            limit = self.limit_of(lane)
            if limit is not None and count > limit and count > was[lane]:
                raise Violation(f"{lane[0]}/{lane[1]} has {count} instances at work, its limit is {limit}")

    def limit_of(self, lane: Lane) -> int | None:
        """Return the limit of a lane, None for none."""
        task = self.world.versions[self.world.current[lane[0]]].tasks.get(lane[1])
        if task is None:
            return None
        return task.max_active_tis_per_dagrun if lane[2] else task.max_active_tis_per_dag

    def has_limit(self, each: InstanceSeen) -> bool:
        """Whether its task has any limit of its own."""
        return any(self.limit_of((each.dag_id, each.task_id, run)) is not None for run in (0, 1))

    def has_room(self, seen: Seen, each: InstanceSeen) -> bool:
        """Whether one more instance of its task may be at work."""
        used = _lanes(seen)
        lanes = [(each.dag_id, each.task_id, run) for run in (0, each.run)]
        return all((limit := self.limit_of(lane)) is None or used[lane] < limit for lane in lanes)


def _lanes(seen: Seen, besides: Collection[int] = (), without: Collection[int] = ()) -> Counter[Lane]:
    found: Counter[Lane] = Counter()
    for each in seen.instances.values():
        if each.id not in without and (each.state in AT_WORK or each.id in besides):
            found[each.dag_id, each.task_id, 0] += 1
            found[each.dag_id, each.task_id, each.run] += 1
    return found


@dataclass(frozen=True)
class Held:
    """What a hold is about; None stands for all."""

    dag_id: str
    run: int | None
    task_id: str | None

    def is_about(self, each: InstanceSeen) -> bool:
        """Whether it holds an instance."""
        return self.dag_id == each.dag_id and self.run in {None, each.run} and self.task_id in {None, each.task_id}


class HoldWatch(Watch):
    """Knows that nothing gets a slot that was held all the while."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._history: History[frozenset[Held]] = History()
        self._history.put(0, frozenset())

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        self._history.put(self.world.commits, held_now(self.world.calm))
        in_force = frozenset.intersection(*self._history.since(turn.began_at))
        for each in admitted(before, seen):
            if any(held.is_about(each) for held in in_force):
                raise Violation(f"{each.name} is {each.state} although it is held")


def held_now(calm: Calm) -> frozenset[Held]:
    """Return what is held."""
    return frozenset(Held(*row) for row in calm.rows(_HOLDS))

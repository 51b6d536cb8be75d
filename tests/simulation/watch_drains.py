"""Drains: who takes nothing new, neither by claim nor by hand-over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.baton import Turn
from simulation.violation import Violation
from simulation.watch import Watch
from simulation.watching import History, Seen, drained_hosts

if TYPE_CHECKING:
    from simulation.world import World


class DrainWatch(Watch):
    """Knows that no worker begins a try that was drained all the while."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._history: History[frozenset[str]] = History()
        self._history.put(0, frozenset())

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        self._history.put(self.world.commits, drained_hosts(self.world.calm))
        in_force = frozenset.intersection(*self._history.since(turn.began_at))
        if not in_force:
            return
        hosts = dict(self.world.calm.rows("SELECT id, host FROM daemon WHERE kind = 'worker'"))
        for each in seen.instances.values():
            was = before.instances.get(each.id)
            begins = each.state == "running" and (was is None or (was.state, was.token) != ("running", each.token))
            if begins and hosts.get(each.worker) in in_force:
                raise Violation(f"{each.name} begins on {hosts[each.worker]}, which is drained")

"""Marks: what somebody said of an instance stands until it is cleared, whatever its process still says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.baton import Turn
from simulation.violation import Violation
from simulation.watch import Watch
from simulation.watching import InstanceSeen, Seen

if TYPE_CHECKING:
    from simulation.world import World


class MarkWatch(Watch):
    """Knows what was marked, and which dispatches that overruled."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._marked: dict[int, InstanceSeen] = {}

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """See `Watch.look`."""
        if turn.name == "operator" and self.world.marking is not None:
            self._mark(self.world.marking, before, seen)
        for key, marked in list(self._marked.items()):
            now = seen.instances.get(key)
            if now is None or now.token != marked.token:
                del self._marked[key]  # it was cleared
            elif now.state != marked.state:
                raise Violation(f"{now.name} was marked as {marked.state} and is {now.state}")

    def _mark(self, run: int, before: Seen, seen: Seen) -> None:
        self.world.marked_runs.add(run)
        was = {each.id: each for each in before.of_run(run)}
        for each in seen.of_run(run):
            old = was.get(each.id)
            if old is None or old.token == each.token:
                if old is not None and old.state == "running" and each.state != "running":
                    raise Violation(f"{each.name} ran and was marked as {each.state}, and its try may still report")
                continue
            if old.state == "running":
                self.world.overruled.add((each.id, old.token))
            self.world.cleared_tokens[each.id] = each.token
            if each.state in {"success", "failed", "skipped"}:
                self._marked[each.id] = each

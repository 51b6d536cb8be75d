"""What watches have in common: each knows one promise of the product, and is asked where its seeds have the feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.baton import Turn
from simulation.watching import InstanceSeen, Seen

if TYPE_CHECKING:
    from simulation.world import World

AT_WORK = ("queued", "running")


class Watch:
    """Knows a promise, and looks whether it is kept. Each call raises `Violation` where it is not."""

    def __init__(self, world: World) -> None:
        self.world = world

    def look(self, before: Seen, seen: Seen, turn: Turn) -> None:
        """Look at what a turn has committed."""

    def begin(self, seen: Seen) -> None:
        """Look before somebody begins with what it watches."""

    def when_quiet(self, seen: Seen) -> None:
        """Look right after a scheduler has done all it could, undisturbed."""

    def at_the_end(self, seen: Seen) -> None:
        """Look when all is over."""

    def is_at_rest(self) -> bool:
        """Whether nothing is to come any more of what it watches."""
        return True


def admitted(before: Seen, seen: Seen) -> list[InstanceSeen]:
    """Return what got a slot that had none; what goes on after it was deferred needs none."""
    found = []
    for each in seen.instances.values():
        was = before.instances.get(each.id)
        if each.state in AT_WORK and (was is None or was.state not in {*AT_WORK, "deferred"}):
            found.append(each)
    return found


def note_cleared(world: World, before: Seen, seen: Seen, run: int) -> bool:
    """Remember that a commit cleared instances of a run that was there; tell whether it did."""
    tokens = {each.id: each.token for each in before.of_run(run)}
    raised = {each.id: each.token for each in seen.of_run(run) if each.token > tokens.get(each.id, each.token)}
    world.cleared_tokens.update(raised)
    if raised:
        world.cleared_runs.add(run)
    return bool(raised)

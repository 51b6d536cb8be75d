"""What all actors have in common: a time at which they act, and an ear for wake-ups."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulation.world import World


def seconds(count: float) -> timedelta:
    """Return a duration."""
    return timedelta(seconds=count)


class Actor:
    """Something that acts at its time, or when it is woken."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.next_at = world.clock.at
        self.rng = random.Random(f"{world.scenario.seed} {name}")
        self.is_busy = False
        self._is_woken = False

    def listens(self, channels: frozenset[str]) -> bool:
        """Whether one of these wake-ups is for this actor."""
        return False

    def wake(self) -> None:
        """Let the actor act at once; one that is acting acts once more."""
        self._is_woken = True
        self.next_at = min(self.next_at, self.world.clock.at)

    def act(self) -> None:
        """Make one step, whatever interrupts it."""
        self.is_busy, self._is_woken = True, False
        try:
            self.step()
        finally:
            self.is_busy = False
        if self._is_woken:
            self.next_at = self.world.clock.at

    def step(self) -> None:
        """Do what there is to do, and set `next_at`."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back what is no memory."""

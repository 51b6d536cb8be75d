"""Schedulers: real ones, one step a turn."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from unittest import mock

from simulation.actors import Actor, seconds
from simulation.baton import Crash, current
from tradewind.scheduling import scheduler as product
from tradewind.scheduling.scheduler import Scheduler

if TYPE_CHECKING:
    from simulation.world import World

CONSERVING = "check: nothing that fits waits"


class SchedulerActor(Actor):
    """A real scheduler. When it crashes, another one is started in its place."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        self.scheduler = self._new()

    def _new(self) -> Scheduler:
        world = self.world
        return Scheduler(world.database, world.graphs, world, clock=world.clock, ids=world.ids, settings=world.settings)

    def listens(self, channels: frozenset[str]) -> bool:
        """See `Actor.listens`."""
        return "scheduler" in channels

    def close(self) -> None:
        """See `Actor.close`."""
        self.scheduler.close()

    def step(self) -> None:
        """See `Actor.step`."""
        world, before = self.world, self._of_others()
        try:
            with world.database.faulty(self.rng, world.faults):
                stepped = self.scheduler.attempt()
        except Crash:
            world.note(f"{self.name} crashes")
            self.scheduler.close()
            self.scheduler = self._new()
            self.next_at = world.clock.at + seconds(self.rng.uniform(0, 3))
            return
        now = world.clock.at
        if stepped.has_more:
            self.next_at = now
            return
        if self._of_others() == before and self._was_undisturbed():
            world.count(CONSERVING)
            world.check(world.checker.when_quiet)
        self.next_at = now + seconds(max(0.001, self.scheduler.pause(stepped, is_deaf=False)))

    def _of_others(self) -> int:
        return self.world.commits - self.world.commits_of[self.name]

    def _was_undisturbed(self) -> bool:
        """Whether all that there was to do was done, in the world as it was all the time."""
        turn = current()
        others = [each for each in self.world.baton.turns if each is not turn and each.is_writing]
        return turn is not None and not turn.is_disturbed and not others


class OneProcess:
    """What schedulers ask of `os` and `socket`, with the same host and process id wherever a seed is played."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def getpid(self) -> int:
        """Return the id of the only process there is."""
        return 1

    def gethostname(self) -> str:
        """Return the name of the only host there is."""
        return "simulation"


@contextlib.contextmanager
def anywhere() -> Iterator[None]:
    """Let schedulers say the same of themselves on every machine, so that a seed repeats its statements there too."""
    with mock.patch.object(product, "os", OneProcess()), mock.patch.object(product, "socket", OneProcess()):
        yield

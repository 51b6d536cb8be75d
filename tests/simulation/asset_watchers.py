"""Triggerers that run watchers of assets: they claim, see what happens, and tell it until there is an answer; they die."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from simulation.actors import Actor, seconds
from simulation.baton import Crash
from simulation.faults import UNREACHABLE
from simulation.scenario import START
from simulation.triggerers import MOST, RENEW_EVERY, register
from tradewind.metadata.statements import watchers
from tradewind.metadata.statements.watchers import Watching
from tradewind.metadata.wakeups import TRIGGERER
from tradewind.transitions import daemons, watching
from tradewind.transitions.states import TriggerEnd
from tradewind.transitions.watching import Seen

if TYPE_CHECKING:
    from simulation.world import World

Claim = tuple[int, int]
"""A watcher's key, and the number of the claim."""


@dataclass
class Running:
    """A watcher's trigger: what it is to see, the first of which it sees next, and when."""

    watching: Watching
    moments: list[datetime]
    following: int
    due_at: datetime


def moments_of(world: World, name: str) -> list[datetime]:
    """Return when there is something to see for a watcher."""
    return [START + seconds(at) for at, of in world.scenario.sightings if of == name]


class WatchingActor(Actor):
    """A triggerer with watchers. What a trigger saw is said in its own name, so that whoever counts it knows under which claim."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        self.old: list[Seen] = []
        self._begin()

    def _begin(self) -> None:
        self.id = self.world.ids.nonce()
        self.is_registered = False
        self.renew_at = self.world.clock.at
        self.has_left = False
        self.running: dict[Claim, Running] = {}
        self.unsaid: list[Seen] = []

    def listens(self, channels: frozenset[str]) -> bool:
        """See `Actor.listens`."""
        return TRIGGERER in channels

    def step(self) -> None:
        """See `Actor.step`."""
        world = self.world
        self.next_at = world.clock.at + seconds(3600)
        if self.has_left:
            return
        if world.faults & {"silence", "evidence"} and self.running and self.rng.random() < 0.1:
            world.note(f"{self.name} is gone without a word")
            world.count("triggerer lost")
            self._end()
        try:
            with world.database.faulty(self.rng, world.faults):
                self._say()
        except (Crash, *UNREACHABLE):
            world.note(f"{self.name} gets no answer")
            self.next_at = world.clock.at + seconds(self.rng.uniform(0.1, 2))
            return
        if not self.has_left:
            due = [each.due_at for each in self.running.values()]
            self.next_at = max(world.clock.at + seconds(0.001), min([self.renew_at, *due]))

    def _end(self) -> None:
        """Begin anew as another one; what this one would have said may still be told, far too late."""
        for each in list(self.running.values()):
            self._see(each)
        self.old += [each for each in self.unsaid if each.how == TriggerEnd.EVENT]
        self._begin()

    def _say(self) -> None:
        world = self.world
        if not self.is_registered:
            register(world, self.id, self.name)
            self.is_registered = True
        if world.clock.at >= self.renew_at:
            if not world.write(daemons.renew, self.id, clock=world.clock, leases=world.leases):
                world.note(f"{self.name} learns that it was declared ended")
                self._end()
                return
            self.renew_at = world.clock.at + RENEW_EVERY
            self._drop()
        free = MOST - len(self.running)
        for each in world.write(watching.claim, self.id, most=free, clock=world.clock):
            self._start(each)
        for running in [each for each in self.running.values() if each.due_at <= world.clock.at]:
            self._see(running)
        self._tell()
        if len(world.told_sightings) == len(world.scenario.sightings):
            self._leave()

    def _leave(self) -> None:
        """Stop, as there is nothing more to see: the watchers are given back, and this triggerer has ended."""
        world = self.world

        def work(conn: sa.Connection) -> None:
            watchers.leave(conn, self.id)
            daemons.end_daemon(conn, self.id, "stopped", clock=world.clock)

        world.write(work)
        self._begin()
        self.has_left = True

    def _start(self, claimed: Watching) -> None:
        """Run a trigger: it sees again what nobody has been told of yet."""
        world, moments = self.world, moments_of(self.world, claimed.name)
        world.note(f"  {self.name} got watcher {claimed.name}, claim {claimed.claim}")
        told = world.told_sightings
        first = next((n for n in range(len(moments)) if (claimed.name, n) not in told), len(moments))
        running = Running(claimed, moments, first, world.clock.at)
        self._look_ahead(running)
        self.running[claimed.id, claimed.claim] = running

    def _look_ahead(self, running: Running) -> None:
        now = self.world.clock.at
        left = running.moments[running.following :]
        running.due_at = max(now, left[0]) + seconds(self.rng.choice([0.0, 0.3, 2])) if left else now + seconds(3600)

    def _see(self, running: Running) -> None:
        """Let a trigger see what is next, if it has happened; sometimes it ends with that, or fails."""
        number, claimed = running.following, running.watching
        if number >= len(running.moments) or running.moments[number] > self.world.clock.at:
            return
        key = (claimed.id, claimed.claim)
        said = {"name": claimed.name, "number": number, "kwargs": claimed.kwargs, "by": self.id, "claim": claimed.claim}
        self.unsaid.append(Seen(*key, TriggerEnd.EVENT, said))
        running.following += 1
        self._look_ahead(running)
        fate = self.rng.random()
        if fate < 0.15:
            self.unsaid.append(Seen(*key, TriggerEnd.STOPPED if fate < 0.1 else TriggerEnd.FAILURE, "so it is"))
            del self.running[key]

    def _tell(self) -> None:
        world = self.world
        seen = list(self.unsaid)
        if self.old and "duplicate" in world.faults and self.rng.random() < 0.5:
            seen.append(self.rng.choice(self.old))
        if not seen:
            return
        tools: dict[str, Any] = {"clock": world.clock, "ids": world.ids}
        counted = world.write(watching.tell, self.id, seen, **tools)
        self.old += [each for each in self.unsaid if each.how == TriggerEnd.EVENT]
        self.unsaid = []
        world.note(f"  {self.name} told of {len(seen)}, {counted} count")
        if counted:
            world.notify(["scheduler"])

    def _drop(self) -> None:
        """End what is this triggerer's no more, and give back what it never heard of: an answer was lost."""
        with self.world.database.read() as conn:
            held = watchers.held(conn, self.id)
        for key in [key for key in self.running if key not in held]:
            del self.running[key]
        ended = {(each.watcher, each.claim) for each in self.unsaid}
        if unknown := held - self.running.keys() - ended:
            self.world.write(watchers.leave, self.id, [key for key, _ in unknown])

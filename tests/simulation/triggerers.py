"""Triggerers: they claim what deferred tries wait for and fire; they die, fall silent, and repeat themselves."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from simulation.actors import Actor, seconds
from simulation.baton import Crash
from simulation.faults import UNREACHABLE
from tradewind.metadata import tables
from tradewind.metadata.statements import deferrals
from tradewind.metadata.wakeups import TRIGGERER
from tradewind.transitions import daemons, deferring
from tradewind.transitions.deferring import Fired
from tradewind.transitions.states import TriggerEnd

if TYPE_CHECKING:
    from simulation.world import World

RENEW_EVERY = seconds(6)
MOST = 3


def register(world: World, key: str, name: str) -> None:
    """Announce a triggerer; after a lost reply it is known already."""
    with world.database.read() as conn:
        known = conn.execute(sa.select(tables.daemon.c.id).where(tables.daemon.c.id == key)).first()
    if known is None:
        tools: dict[str, Any] = {"clock": world.clock, "leases": world.leases}
        world.write(daemons.register, daemon_id=key, kind=deferring.KIND, host=name, pid=1, **tools)


class TriggererActor(Actor):
    """A triggerer. One that died without a word has its triggers taken over when its lease has expired."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        self.old: list[Fired] = []
        self._begin()

    def _begin(self) -> None:
        self.id = self.world.ids.nonce()
        self.is_registered = False
        self.renew_at = self.world.clock.at
        self.running: dict[tuple[int, int], tuple[datetime, Fired]] = {}

    def listens(self, channels: frozenset[str]) -> bool:
        """See `Actor.listens`."""
        return TRIGGERER in channels

    def step(self) -> None:
        """See `Actor.step`."""
        world = self.world
        if world.faults & {"silence", "evidence"} and self.running and self.rng.random() < 0.1:
            world.note(f"{self.name} is gone without a word")
            world.count("triggerer lost")
            self.old += [fired for _, fired in self.running.values()]  # what it ran may still be told, far too late
            self._begin()
        try:
            with world.database.faulty(self.rng, world.faults):
                self._say()
        except (Crash, *UNREACHABLE):
            world.note(f"{self.name} gets no answer")
            self.next_at = world.clock.at + seconds(self.rng.uniform(0.1, 2))
            return
        due = [at for at, _ in self.running.values()]
        self.next_at = max(world.clock.at + seconds(0.001), min([self.renew_at, *due]))

    def _say(self) -> None:
        world = self.world
        if not self.is_registered:
            register(world, self.id, self.name)
            self.is_registered = True
        if world.clock.at >= self.renew_at:
            if not world.write(daemons.renew, self.id, clock=world.clock, leases=world.leases):
                world.note(f"{self.name} learns that it was declared ended")
                self.old += [fired for _, fired in self.running.values()]
                self._begin()
                return
            self.renew_at = world.clock.at + RENEW_EVERY
            self._drop()
        for waiting in world.write(deferring.claim, self.id, most=MOST):
            world.note(f"  {self.name} got the trigger of {world.name_of(waiting.instance)} {waiting.token}")
            fired = Fired(waiting.instance, waiting.token, waiting.claim, TriggerEnd.EVENT, "{}")
            at = world.clock.at + seconds(self.rng.choice([0.0, 0.5, 3, 15]))
            self.running[waiting.instance, waiting.claim] = (at, fired)
        self._fire()

    def _drop(self) -> None:
        with self.world.database.read() as conn:
            held = deferrals.held(conn, self.id)
        for key in [key for key in self.running if key not in held]:
            del self.running[key]
        if unknown := held - set(self.running):
            self.world.write(deferrals.give_back, self.id, [instance for instance, _ in unknown])

    def _fire(self) -> None:
        world = self.world
        due = [fired for at, fired in self.running.values() if at <= world.clock.at]
        if self.old and "duplicate" in world.faults and self.rng.random() < 0.5:
            due += [self.rng.choice(self.old)]
        if not due:
            return
        result = world.write(deferring.fire, due, clock=world.clock)
        for each in due:
            self.running.pop((each.instance, each.claim), None)
        self.old += due
        for each in sorted(result.resumed):
            world.note(f"  {self.name} fired for {world.name_of(each)}")
        world.notify(result.wake)

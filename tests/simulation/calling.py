"""Callbacks: desks that claim, call and report what is owed, and die in between; and the account of what was owed and called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from simulation.actors import Actor, seconds
from simulation.baton import Crash
from simulation.faults import UNREACHABLE
from simulation.violation import Violation
from simulation.watching import Seen, tries
from tradewind.transitions import callbacks
from tradewind.transitions.callbacks import OF_RUN, OF_TASK, CallbackResult, ClaimedCallback, Patience

if TYPE_CHECKING:
    from simulation.workers import Life, WorkerActor
    from simulation.world import World

PATIENCE = Patience(timedelta(seconds=4), timedelta(seconds=2), attempts=1000, pause=timedelta(seconds=0.5))
LOST_BEFORE = "died before calling"
LOST_AFTER = "died before reporting"
FAILED = "callback failed"
_ROWS = "SELECT id, run, kind, task_id, map_index FROM callback ORDER BY id"
Event = tuple[int, str, "str | None", "int | None"]


@dataclass(frozen=True)
class Hold:
    """Who claimed a callback, in which life, and until when nobody else may."""

    desk: CallerActor
    life: Life
    until: datetime


class CallerActor(Actor):
    """A worker's desk for callbacks. What it had claimed is forgotten when its worker dies, or itself does."""

    def __init__(self, world: World, name: str, worker: WorkerActor) -> None:
        super().__init__(world, name)
        self.worker = worker
        self.life = worker.life
        self.held: list[ClaimedCallback] = []

    def is_calling(self, key: int, life: Life) -> bool:
        """Whether it still goes on with a callback that it claimed in that life."""
        return self.worker.life is life and any(each.owed.id == key for each in self.held)

    def step(self) -> None:
        """See `Actor.step`."""
        world, worker = self.world, self.worker
        self.next_at = world.clock.at + seconds(self.rng.uniform(0.3, 1.5))
        if worker.life is not self.life:
            self.life, self.held = worker.life, []
        if worker.cut_until is not None or not self.life.is_registered:
            return
        try:
            with world.database.faulty(self.rng, world.faults):
                self._call()
        except (Crash, *UNREACHABLE):
            world.note(f"{self.name} gets no answer")
            self.held = []

    def _call(self) -> None:
        if self.held:
            self._report()
            return
        world = self.world
        self.held = world.write(callbacks.claim, self.life.worker, most=2, patience=PATIENCE, clock=world.clock)
        for each in self.held:
            world.account.claimed(self, each)
        if self.held:  # calling takes a while, in which others look for something to claim
            self.next_at = world.clock.at + seconds(self.rng.uniform(0.1, 2))

    def _report(self) -> None:
        world = self.world
        for each in list(self.held):
            if self._dies(LOST_BEFORE):
                break
            world.account.called.add(each.owed.id)
            if self._dies(LOST_AFTER):
                break
            error = FAILED if world.faults and self.rng.random() < 0.2 else None
            if error:
                world.count(FAILED)
            result = CallbackResult(each.owed.id, each.owed.token, (), error, each.owed.attempts)
            world.write(callbacks.report, result, patience=PATIENCE, clock=world.clock)
            self.held.remove(each)
        self.held = []

    def _dies(self, how: str) -> bool:
        if "crash" in self.world.faults and self.rng.random() < 0.2:
            self.world.count(how)
            self.world.note(f"{self.name} {how}")
            return True
        return False


class Account:
    """What had to be called, by what happened to instances and runs; what is owed, by the rows; and what was called."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.called: set[int] = set()
        self._rows: dict[int, Event] = {}
        self._tried: set[tuple[int, int]] = set()
        self._attempted: set[int] = set()
        self._holds: dict[int, Hold] = {}

    def after_commit(self, before: Seen, seen: Seen) -> None:
        """Check that a commit owes what it brought about, and nothing else.

        Raises:
            Violation: naming a change without its callback, or a callback without a change.
        """
        wanted = Counter([*self._of_tries(seen), *self._of_runs(before, seen)])
        rows = {row[0]: (row[1], row[2], row[3], row[4]) for row in self.world.calm.rows(_ROWS)}
        new = Counter(event for key, event in rows.items() if key not in self._rows)
        self._rows |= rows
        if wanted != new:
            raise Violation(f"callbacks to be owed: {list(wanted - new)}; owed for nothing: {list(new - wanted)}")

    def _of_tries(self, seen: Seen) -> Iterable[Event]:
        for each in tries(self.world.calm):
            if (each.instance, each.token) in self._tried:
                continue
            self._tried.add((each.instance, each.token))
            row = seen.instances.get(each.instance)
            if row is not None and row.run in self.world.timed_out and each.state == "skipped":
                continue  # no try reported it: its run took too long
            kind = None if row is None or row.token != each.token else OF_TASK.get(row.state)
            if row is not None and kind in self.world.dag_of(row.run).tasks[row.task_id].callbacks:
                yield (row.run, str(kind), row.task_id, row.map_index)

    def _of_runs(self, before: Seen, seen: Seen) -> Iterable[Event]:
        for run in seen.runs.values():
            was = before.runs.get(run.id)
            kind = OF_RUN.get(run.state)
            if kind in self.world.dag_of(run.id).callbacks and (was is None or was.state != run.state):
                yield (run.id, str(kind), None, None)

    def claimed(self, desk: CallerActor, claimed: ClaimedCallback) -> None:
        """Note a claim.

        Raises:
            Violation: somebody else is calling it, or an earlier one of the same instance was never tried.
        """
        world, key = self.world, claimed.owed.id
        hold = self._holds.get(key)
        is_held = hold is not None and world.clock.at < hold.until and hold.desk is not desk
        if hold is not None and is_held and hold.desk.is_calling(key, hold.life):
            raise Violation(f"{desk.name} claims callback {key}, which {hold.desk.name} is calling")
        self._holds[key] = Hold(desk, desk.life, world.clock.at + PATIENCE.limit)
        run, _kind, task_id, map_index = self._rows[key]
        for other, event in self._rows.items():
            is_before = event[0] == run and other < key and (task_id is None or event[2:] == (task_id, map_index))
            if is_before and other not in self._attempted:
                raise Violation(f"callback {key} is claimed before {other}, which came before it: {event}")
        self._attempted.add(key)

    def is_settled(self) -> bool:
        """Whether nothing is owed any more."""
        return not self.world.calm.rows(_ROWS)

    def at_the_end(self) -> None:
        """Check that all that was owed was called.

        Raises:
            Violation: naming what was not.
        """
        if lost := [event for key, event in self._rows.items() if key not in self.called]:
            raise Violation(f"owed, gone, and never called: {lost[:4]}")

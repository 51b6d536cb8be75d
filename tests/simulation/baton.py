"""The baton: every step of an actor is a turn, any number of turns are under way, and exactly one of them acts at a time.

A turn is a greenlet. Wherever it may be interrupted (before a transaction, on PostgreSQL before each statement and each commit
too) it may hand the baton back, and the hub draws who goes on. So the seed alone says how transactions interleave.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

if TYPE_CHECKING:
    from simulation.waits import Sending


class Crash(BaseException):
    """The actor died here. Not an `Exception`: nothing in the product may catch it and go on."""


@dataclass
class Plan:
    """What will befall a turn, if it lives long enough: each number counts down the statements until then.

    Arguments:
        crash_at: statements left until the turn dies.
        fail_at: statements of writing transactions left until one is refused, as a victim of a deadlock would be.
        drop_at: statements left until its connection is gone.
        stall_at: statements left until it stands still, for `stall`.
        lose_reply: its next commit happens, and its answer never arrives: `crash` or `error`.
    """

    crash_at: int | None = None
    fail_at: int | None = None
    drop_at: int | None = None
    stall_at: int | None = None
    stall: timedelta = timedelta()
    lose_reply: str | None = None


@dataclass
class Held:
    """What the checker of locks has seen of one transaction.

    Arguments:
        kinds: the kinds of rows locked, in order.
        positions: of the task rows locked.
        locked: the kinds that a `SELECT` locked.
        is_run_alone: whether a run is held exclusively, or was made here, so that no end goes on beside.
    """

    kinds: list[str] = field(default_factory=list)
    positions: set[tuple[int, int, int]] = field(default_factory=set)
    locked: set[str] = field(default_factory=set)
    is_run_alone: bool = False


class Turn(greenlet):
    """One step of one actor, under way.

    Arguments:
        name: the actor's.
        work: the step.
    """

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        super().__init__()
        self.name = name
        self.work = work
        self.plan = Plan()
        self.stalled_until: datetime | None = None
        self.sending: Sending | None = None
        self.connections: list[Any] = []
        self.is_cut_off = False
        self.is_disturbed = False
        self.refusals = 0
        self.is_writing = False
        self.is_in_doubt = False
        self.is_judging = False
        self.step_at = 0
        self.began_at = 0
        self.is_alone = True
        self.held = Held()
        self.statement = ""

    def run(self) -> None:
        """Do the step; the greenlet ends with it."""
        self.work()


def current() -> Turn | None:
    """Return the turn that has the baton, None for the hub."""
    here = getcurrent()
    return here if isinstance(here, Turn) else None


class Baton:
    """Who is under way, and who goes on.

    Arguments:
        rng: draws who goes on.
        eagerness: how probably a turn hands the baton back where it may; 0 lets each turn end before the next one begins.
    """

    def __init__(self, rng: random.Random, eagerness: float) -> None:
        self.rng = rng
        self.eagerness = eagerness
        self.turns: list[Turn] = []
        self.is_over = False

    def start(self, turn: Turn) -> None:
        """Let a turn begin, until it hands the baton back or ends."""
        self.turns.append(turn)
        self.resume(turn)

    def resume(self, turn: Turn) -> None:
        """Let a turn go on, until it hands the baton back or ends."""
        try:
            turn.switch()
        finally:
            if turn.dead:
                self.turns.remove(turn)

    def may_pause(self) -> None:
        """Hand the baton back, perhaps; called where a turn may be interrupted."""
        if self.is_over or current() is None or self.rng.random() >= self.eagerness:
            return
        self.pause()

    def pause(self) -> None:
        """Hand the baton back; returns when the turn goes on."""
        turn = current()
        if turn is None or turn.parent is None:
            raise AssertionError("only a turn has a baton to hand back")
        if not self.is_over:
            turn.parent.switch()

    def stop(self, violation: BaseException) -> None:
        """Raise a violation in the hub, past everything in the product that might catch it."""
        turn = current()
        if turn is None or turn.parent is None:
            raise violation
        turn.parent.throw(violation)

    def others_are_open(self) -> bool:
        """Tell whether somebody else's transaction is open, so that a statement may have to wait."""
        here = current()
        return any(turn is not here and not turn.dead for turn in self.turns)

    def end_all(self) -> None:
        """End the turns that are under way; each undoes what it had begun."""
        self.is_over = True
        for turn in list(self.turns):
            if turn.sending is None:
                self._unwind(turn, lambda turn=turn: turn.throw(Crash))
            else:
                self._unwind(turn, turn.switch)
        self.turns.clear()

    def _unwind(self, turn: Turn, go_on: Callable[[], object]) -> None:
        try:
            go_on()
        except (Crash, Exception):  # noqa: BLE001  (whatever it still says: the seed is over)
            return
        if not turn.dead:
            raise AssertionError(f"{turn.name} goes on although its seed is over")

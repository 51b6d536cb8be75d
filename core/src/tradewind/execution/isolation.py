"""How long the database has not heard of a worker, by this machine's own clock, and what follows from that.

Others may take a worker's tries over `isolation_grace` after its last renewal, by the database's clock. So what counts here is
the moment at which that renewal was begun, which lies before it; that something else got through to the database counts for
nothing, as it tells nobody that the worker lives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

DEADLINE = "X_TRADEWIND_DEADLINE"
"""What a supervisor tells its watcher: until when it may go on without a renewal."""
BEATS_MISSED = 2.5
"""Seconds without a beat after which a loop that beats each second is taken to stand still."""


@dataclass
class Contact:
    """The last renewal of a worker's lease; times are monotonic seconds.

    Arguments:
        lease: how long a lease lasts.
        grace: after how long a silence others take tries over.
        margin: how much earlier the worker ends them itself.
        begun: when the last renewal that succeeded was begun.
    """

    lease: float
    grace: float
    margin: float
    begun: float

    @property
    def deadline(self) -> float:
        """When its tasks must have been ended, if no renewal succeeds before."""
        return self.begun + self.grace - self.margin

    def renewed(self, begun: float) -> None:
        """Note a renewal that succeeded, and when it was begun."""
        self.begun = max(self.begun, begun)

    def may_claim(self, now: float) -> bool:
        """Tell whether nobody can have judged this worker meanwhile: only then it may take new tries."""
        return now - self.begun < self.lease


@dataclass
class Overseer:
    """What a watcher knows of its worker's loop: a supervisor that stands still cannot end its tasks when it must.

    Arguments:
        heard_at: when the supervisor last told anything, in monotonic seconds.
        deadline: until when it may go on, as it said last; None before it said so.
    """

    heard_at: float
    deadline: float | None = None

    def hear(self, lines: Iterable[str], now: float) -> bool:
        """Take what was told; tell whether anything was."""
        lines = list(lines)
        for line in lines:
            name, _, value = line.partition("=")
            if name == DEADLINE:
                self.deadline = float(value)
        if lines:
            self.heard_at = now
        return bool(lines)

    def is_overdue(self, now: float) -> bool:
        """Tell whether the supervisor should have ended its tasks by now, and its loop does not move."""
        return self.deadline is not None and now > self.deadline and now - self.heard_at > BEATS_MISSED

    def forget(self) -> None:
        """Forget what a supervisor said that was ended."""
        self.deadline = None

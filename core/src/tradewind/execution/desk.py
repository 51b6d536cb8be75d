"""A worker's desk: outcomes go out, new tries come in, one exchange with the database at a time.

Outcomes that arrive while an exchange is under way share the next one. An exchange that could not be made is repeated
with
the same outcomes (and more, if more have come) under the same nonce, so that a lost answer is given again. One that the
database refuses is repeated with one outcome at a time; an outcome that is refused alone is replaced by a failure
without
values that says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from uuid import uuid4

from tradewind.execution.clerk import Clerk
from tradewind.execution.journal import Journal
from tradewind.execution.lifecycle import Exchange, TaskLifecycle, Unreachable
from tradewind.execution.loop import Loop
from tradewind.execution.outcomes import one_line
from tradewind.transitions.states import TaskState
from tradewind.transitions.values import Outcome

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 3.0
LONGEST_SAID = 300


class Desk:
    """Exchanges outcomes for new tries.

    Arguments:
        loop: calls back.
        clerk: talks to the database.
        lifecycle: how.
        journal: notes outcomes before they are reported.
        free: returns how many slots are free, once the outcomes at the desk are recorded; 0 claims nothing.
        on_exchange: called with each result.
        on_contact: called with the monotonic time at which an exchange that succeeded had begun.
    """

    def __init__(
        self,
        loop: Loop,
        clerk: Clerk,
        lifecycle: TaskLifecycle,
        journal: Journal,
        *,
        free: Callable[[], int],
        on_exchange: Callable[[Exchange], None],
        on_contact: Callable[[float], None],
    ) -> None:
        self._loop = loop
        self._clerk = clerk
        self._lifecycle = lifecycle
        self._journal = journal
        self._free = free
        self._on_exchange = on_exchange
        self._on_contact = on_contact
        self._waiting: list[Outcome] = []
        self._alone: list[Outcome] = []
        self._about: dict[tuple[int, int], Mapping[str, str | int]] = {}
        self._is_claim_due = False
        self._is_busy = False
        self._is_unanswered = False
        self._pause = 0.0
        self._nonce = str(uuid4())

    @property
    def is_idle(self) -> bool:
        """Whether every outcome was recorded and no exchange is under way, or to be repeated."""
        return not (self._is_busy or self._is_unanswered or self._waiting or self._alone)

    def put(self, outcome: Outcome, about: Mapping[str, str | int]) -> None:
        """Take an outcome to the desk.

        Arguments:
            about: which try it is, for lines of the log.
        """
        self._about[outcome.instance, outcome.token] = about
        self._waiting.append(outcome)

    def keep(self) -> None:
        """Note in the journal what waits behind an exchange: this worker ends before it can report that."""
        self._journal.outcomes(self._waiting)

    def claim(self) -> None:
        """Have the next exchange, due now, ask for new tries."""
        self._is_claim_due = True

    def turn(self) -> None:
        """Begin an exchange if one is due and none is under way; called after each round of the loop."""
        if self._is_busy or not (self._waiting or self._alone or self._is_claim_due):
            return
        batch = self._next_batch()
        free = self._free()
        if not batch and free < 1 and not self._is_unanswered:
            self._is_claim_due = False
            return
        self._is_busy = True
        self._is_claim_due = False
        begun = self._loop.now()
        job = partial(self._lifecycle.exchange, batch, free, self._nonce)
        self._clerk.submit(job, partial(self._done, batch, begun), partial(self._failed, batch))

    def _next_batch(self) -> list[Outcome]:
        if self._alone:
            return [self._alone.pop(0)]
        batch, self._waiting = self._waiting, []
        self._journal.outcomes(batch)
        return batch

    def _done(self, batch: list[Outcome], begun: float, result: Exchange) -> None:
        self._is_busy = self._is_unanswered = False
        self._pause = 0.0
        self._nonce = str(uuid4())
        self._on_contact(begun)
        self._on_exchange(result)
        self._forget(batch)

    def _failed(self, batch: list[Outcome], error: Exception) -> None:
        self._is_unanswered = isinstance(error, Unreachable)
        if self._is_unanswered:
            self._pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, self._pause * 2))
            log.warning("nothing can be recorded at this moment, %d outcomes wait: %s", len(batch), error)
            self._loop.after(self._pause, partial(self._again, batch))
            return
        self._is_busy = False
        self._nonce = str(uuid4())
        if len(batch) > 1:
            log.warning("a batch of %d outcomes was refused, each goes alone: %s", len(batch), _said(error))
            self._alone.extend(batch)
        elif batch:
            self._refused(batch[0], error)
        else:
            log.error("claiming failed", exc_info=error)

    def _again(self, batch: list[Outcome]) -> None:
        self._is_busy = False
        self._is_claim_due = True
        if len(batch) == 1 and self._alone:
            self._alone.insert(0, batch[0])
        else:
            self._waiting = batch + self._waiting

    def _forget(self, batch: Iterable[Outcome]) -> None:
        """Strike outcomes from the journal: they are recorded, or never will be."""
        keys = [(each.instance, each.token) for each in batch]
        self._journal.done(keys)
        for key in keys:
            self._about.pop(key, None)

    def _refused(self, outcome: Outcome, error: Exception) -> None:
        about = self._about.get((outcome.instance, outcome.token))
        if not outcome.xcoms and outcome.state == TaskState.FAILED:
            log.error("the outcome of a try cannot be recorded: %s", _said(error), extra=about)
            self._forget([outcome])
            return
        log.warning("the outcome of a try was refused: %s", _said(error), extra=about)
        cause = f"its result could not be recorded: {_said(error)}"
        self._alone.append(replace(outcome, state=TaskState.FAILED, xcoms=(), skip=(), due_at=None, cause=cause))


def _said(error: Exception) -> str:
    """Return what the database said, without the statement: its parameters may be secrets."""
    return f"{type(error).__name__}: {one_line(str(getattr(error, 'orig', error)))[:LONGEST_SAID]}"

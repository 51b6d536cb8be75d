"""A worker's desk for callbacks: claims what is due, a few at once beside the tries, and reports how each attempt ended.

It asks the database only when something said that callbacks may be due: the end of a try that owes some, a renewal or a
claim that saw one. So where no DAG has callbacks, it never asks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from tradewind.execution.clerk import Clerk
from tradewind.execution.lifecycle import TaskLifecycle, Unreachable
from tradewind.execution.loop import Loop
from tradewind.execution.messages import Start
from tradewind.execution.running import Running
from tradewind.execution.telling import about_try
from tradewind.transitions.callbacks import CallbackResult

log = logging.getLogger(__name__)

PAUSE = 1.0


class CallbackDesk:
    """Claims and reports callbacks.

    Arguments:
        loop: calls back.
        clerk: talks to the database.
        lifecycle: how.
        free: returns how many may be called beside those that are being called.
        begin: starts what was claimed.
    """

    def __init__(
        self,
        loop: Loop,
        clerk: Clerk,
        lifecycle: TaskLifecycle,
        *,
        free: Callable[[], int],
        begin: Callable[[Sequence[Start]], None],
    ) -> None:
        self._loop = loop
        self._clerk = clerk
        self._lifecycle = lifecycle
        self._free = free
        self._begin = begin
        self._is_due = False
        self._is_claiming = False
        self._reporting = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way to or from the database."""
        return not self._is_claiming and not self._reporting

    def look(self) -> None:
        """Have the next turn claim: something may be due."""
        self._is_due = True

    def turn(self) -> None:
        """Claim if something may be due and there is room; called after each round of the loop."""
        if not self._is_due or self._is_claiming:
            return
        free = self._free()
        if free < 1:
            return  # it stays due: the end of one that is being called makes room
        self._is_due, self._is_claiming = False, True
        job = partial(self._lifecycle.claim_callbacks, free)
        self._clerk.submit(job, partial(self._claimed, free), self._not_claimed)

    def _claimed(self, asked: int, starts: tuple[Start, ...]) -> None:
        self._is_claiming = False
        self._is_due |= len(starts) == asked
        self._begin(starts)

    def _not_claimed(self, error: Exception) -> None:
        self._is_claiming = False
        if not isinstance(error, Unreachable):
            log.error("callbacks could not be claimed", exc_info=error)
        # What was claimed all the same is due again when its time has passed
        self._loop.after(PAUSE, self.look)

    def ended(self, running: Running, cause: str | None) -> None:
        """Report how an attempt ended.

        Arguments:
            cause: what went wrong, if anything did.
        """
        about = running.start.callback or {}
        if cause is not None:
            words = "%s failed, attempt %d: %s"
            log.warning(words, about["kind"], about["attempt"], cause, extra=about_try(running.start))
        done = tuple(sorted({*about["done"], *running.called}))
        self._reporting += 1
        self._report(CallbackResult(about["id"], about["token"], done, cause, about["attempt"]))

    def _report(self, result: CallbackResult) -> None:
        job = partial(self._lifecycle.report_callback, result)
        self._clerk.submit(job, self._reported, partial(self._not_reported, result))

    def _reported(self, _result: None) -> None:
        self._reporting -= 1
        self._is_due = True  # one that waited for this one may be due now

    def _not_reported(self, result: CallbackResult, error: Exception) -> None:
        if isinstance(error, Unreachable):
            self._loop.after(PAUSE, partial(self._report, result))
            return
        self._reporting -= 1
        log.error("the end of a callback could not be recorded: it will be called again", exc_info=error)

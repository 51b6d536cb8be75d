"""What a worker needs of the rest of the system: one interface, whatever carries it.

Calls are idempotent under the try's token. Only "a newer token exists" may kill a task; a missing answer never does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tradewind.execution.messages import Reply, Request, Start
from tradewind.transitions.callbacks import CallbackResult
from tradewind.transitions.values import Answer, Outcome, Ticket

Try = tuple[int, int]


class Unreachable(Exception):  # noqa: N818  (a state of affairs: the same call again is the cure)
    """The other side could not be asked; what was asked may or may not have been done."""


@dataclass(frozen=True)
class Refusal:
    """A claimed try that cannot be started here, and why: it ends as failed with this cause."""

    ticket: Ticket
    cause: str


@dataclass(frozen=True)
class Exchange:
    """What came back for outcomes: an answer each, and new tries to start, claimed in the same transaction.

    `has_callbacks` says that callbacks may be due, which are claimed apart from tries.
    """

    answers: tuple[Answer, ...] = ()
    starts: tuple[Start, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    has_callbacks: bool = False


@dataclass(frozen=True)
class Lease:
    """A renewed lease: whether this worker still counts as alive, the tries that are its own, and, where it has some,
    whether callbacks may be due.
    """

    is_alive: bool
    tries: frozenset[Try]
    has_callbacks: bool = False


class TaskLifecycle(Protocol):
    """The calls, all made from the worker's one database thread.

    Every call raises `Unreachable` when the other side cannot be asked.
    """

    def register(self) -> None:
        """Announce this worker and its slots."""
        ...

    def exchange(self, outcomes: Sequence[Outcome], free: int, nonce: str) -> Exchange:
        """Record how tries ended and claim up to `free` new ones, in one transaction.

        Arguments:
            nonce: the claim's own name; a repeated call with the same nonce gets the same tries.
        """
        ...

    def renew(self, *, with_tries: bool = True) -> Lease:
        """Renew the worker's lease.

        Arguments:
            with_tries: also ask which tries are this worker's; a worker that runs nothing need not.
        """
        ...

    def answer(self, start: Start, request: Request) -> tuple[Reply, list[str]]:
        """Answer what a running task asks; return with the reply the texts to mask in its log from now on."""
        ...

    def claim_callbacks(self, most: int) -> tuple[Start, ...]:
        """Claim up to `most` callbacks that are due; the `callback` of each start says which it is."""
        ...

    def report_callback(self, result: CallbackResult) -> None:
        """Record how an attempt to call a callback ended; one that was claimed by another worker since stays as it is."""
        ...

    def leave(self, cause: str) -> None:
        """Say that this worker has ended and runs nothing any more."""
        ...

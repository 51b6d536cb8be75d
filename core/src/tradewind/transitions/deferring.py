"""Deferral: triggerers claim what deferred tasks wait for, and fire; a task that goes on does not wait for slots again.

An event counts once: the one that finds its instance deferred under the token it was deferred with, and comes from the
newest claim of its trigger. So a trigger may run in two places for a while, as when a triggerer fell silent and another
took over, and no event is lost or counted twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.statements import deferrals, instances
from tradewind.metadata.statements.deferrals import Waiting
from tradewind.metadata.wakeups import worker_channel

KIND: Final = "triggerer"
"""The kind of daemon that runs triggers."""


@dataclass(frozen=True, slots=True)
class Fired:
    """How a trigger ended.

    Arguments:
        instance, token, claim: of the claim under which it ran.
        how: one of `TriggerEnd`, but for a timeout.
        found: the event's payload or the traceback as JSON, encrypted.
    """

    instance: int
    token: int
    claim: int
    how: str
    found: str


@dataclass(frozen=True, slots=True)
class FireResult:
    """Which instances go on, and the channels to wake after the commit."""

    resumed: frozenset[int]
    wake: frozenset[str]


def claim(conn: sa.Connection, triggerer: str, *, most: int) -> list[Waiting]:
    """Give a triggerer up to `most` triggers that nobody runs, or whose triggerer has ended."""
    return deferrals.claim(conn, triggerer, most=most) if most > 0 else []


def fire(conn: sa.Connection, fired: Sequence[Fired], *, clock: Clock) -> FireResult:
    """Have deferred instances go on with what their triggers found: they are queued at once, past pools and limits.

    An event of an older claim, of an older token, or of an instance that is not deferred any more changes nothing.
    """
    wanted = {(each.instance, each.token, each.claim): each for each in reversed(fired)}
    locked = deferrals.lock(conn, {each.instance for each in fired})
    current = [row for row in locked if (row.instance, row.token, row.claim) in wanted]
    if not current:
        return FireResult(frozenset(), frozenset())
    chosen = [wanted[row.instance, row.token, row.claim] for row in current]
    deferrals.end(conn, [(each.instance, each.how, each.found) for each in chosen])
    instances.admit(conn, [row.instance for row in current], now=clock.now())
    return FireResult(
        frozenset(row.instance for row in current), frozenset(worker_channel(row.executor) for row in current)
    )

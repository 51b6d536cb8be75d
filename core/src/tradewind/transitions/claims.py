"""Claims: a worker takes queued tries, highest priority first. The claim is the start: it writes `running`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.statements import claims, instances
from tradewind.metadata.statements.claims import ClaimRow
from tradewind.transitions.values import Claimer, Ticket

LOW_BACKLOG = 4
"""With fewer tries than this queued for an executor, the scheduler is asked to admit more."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The tickets of a claim, whether the scheduler is needed to refill the queue, and whether callbacks may be due."""

    tickets: tuple[Ticket, ...]
    is_refill_needed: bool
    has_callbacks: bool = False


def claim(conn: sa.Connection, claimer: Claimer, *, clock: Clock) -> tuple[Ticket, ...]:
    """Claim up to `claimer.free` queued tries for a worker; asked again with the same nonce, the same tickets come
    back.

    The tries are running when the transaction commits: the worker must start them, or evidence of its end gives them
    back.
    """
    again = reclaim(conn, claimer.worker, claimer.nonce)
    return again or take(conn, claimer, most=claimer.free, clock=clock).tickets


def reclaim(conn: sa.Connection, worker: str, nonce: str) -> tuple[Ticket, ...]:
    """Return what a worker's nonce has claimed already: the answer that got lost."""
    return tuple(ticket(row) for row in claims.claimed(conn, worker, nonce))


def take(conn: sa.Connection, claimer: Claimer, *, most: int, clock: Clock) -> Taken:
    """Claim up to `most` queued tries without asking whether the nonce was used."""
    if most <= 0:
        return Taken((), is_refill_needed=False)
    found = claims.lock_claimable(
        conn, claimer.executor, claimer.queues, worker=claimer.worker, most=most, now=clock.now()
    )
    start(conn, [row.instance for row in found.rows], claimer, clock=clock)
    is_low = found.backlog - len(found.rows) < LOW_BACKLOG
    tickets = tuple(started(row) for row in found.rows)
    return Taken(tickets, found.is_scheduled_waiting and is_low, found.is_callback_due)


def start(conn: sa.Connection, keys: Iterable[int], claimer: Claimer, *, clock: Clock) -> None:
    """Write the start of tries whose rows the transaction has locked."""
    keys = list(keys)
    if keys:
        instances.start(conn, keys, worker=claimer.worker, nonce=claimer.nonce, now=clock.now())


def started(row: ClaimRow) -> Ticket:
    """Return the ticket of a row that this claim starts: the start raises its token and its try number."""
    values = {name: getattr(row, name) for name in _TICKET_FIELDS}
    values["token"] += 1
    values["try_number"] += 1
    return Ticket(**values)


def ticket(row: ClaimRow) -> Ticket:
    """Return the ticket of a row as it stands: one that was claimed before."""
    return Ticket(*(getattr(row, name) for name in _TICKET_FIELDS))


_TICKET_FIELDS = tuple(each.name for each in fields(Ticket))

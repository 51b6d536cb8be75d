"""Tickets of executors: the claim of a try by the process that its ticket was sent to, and what becomes of tickets that fail.

A ticket is a message, and messages are lost, late and doubled. So the claim is what counts: it is atomic on the token, and
whoever comes second finds nothing to claim.
"""

from __future__ import annotations

from typing import Final
from uuid import uuid4

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import claims as claim_statements
from tradewind.metadata.statements import instances
from tradewind.transitions import claims
from tradewind.transitions.ends import end
from tradewind.transitions.graph import Graphs
from tradewind.transitions.states import TaskState
from tradewind.transitions.values import Claimer, EndResult, Outcome, Ticket

_BY_TICKET: Final = "ticket-"


def ticket_nonce() -> str:
    """Return a name for the claim of a try by its ticket."""
    return _BY_TICKET + uuid4().hex[:24]


def is_by_ticket(nonce: str | None) -> bool:
    """Tell whether a try was claimed by its ticket, and not by a person who asked for it."""
    return nonce is not None and nonce.startswith(_BY_TICKET)


def claim_ticket(conn: sa.Connection, instance: int, token: int, claimer: Claimer, *, clock: Clock) -> Ticket | None:
    """Claim the one try that a ticket names; None where that dispatch is not queued for the executor (any more).

    Arguments:
        token: that the try has once it is claimed.
        claimer: whose process is to run it; it is registered.
    """
    row = claim_statements.lock_dispatched(conn, instance, token - 1, claimer.executor)
    if row is None:
        return None
    claims.start(conn, [row.instance], claimer, clock=clock)
    return claims.started(row)


def fail_ticket(
    conn: sa.Connection,
    instance: int,
    token: int,
    claimer: Claimer,
    cause: str,
    *,
    may_retry: bool,
    graphs: Graphs,
    clock: Clock,
    ids: Ids,
) -> EndResult | None:
    """End a queued try as failed that its executor does not run; None where it is not queued any more.

    Arguments:
        claimer: who says so.
        cause: one line for the record.
        may_retry: whether another try might do better.
    """
    instances.share_runs(conn, [instance])  # before the row, as every end does
    if claim_ticket(conn, instance, token, claimer, clock=clock) is None:
        return None
    outcome = Outcome(instance, token, TaskState.FAILED, clock.now(), retry=may_retry, cause=cause)
    return end(conn, [outcome], graphs=graphs, clock=clock, ids=ids)

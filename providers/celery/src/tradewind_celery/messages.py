"""What travels through the broker: one message for each ticket, as JSON."""

from __future__ import annotations

from typing import Any

from tradewind_plugins.contracts.executor import Ticket

__all__ = ["STATE", "TASK", "as_pair", "id_of", "ticket_of"]

TASK = "tradewind.run_try"
"""The name of the one task that our workers know."""
STATE = "tradewind_state"
"""The question that our workers answer with what they run."""
PREFIX = "tradewind"


def id_of(ticket: Ticket) -> str:
    """Return the id of a ticket's message: the same each time that the ticket is sent."""
    return f"{PREFIX}-{ticket.instance}-{ticket.token}"


def ticket_of(task_id: str) -> Ticket | None:
    """Return the ticket whose message has an id, without its queue; None for the id of another message."""
    words = task_id.split("-")
    if len(words) != len(("prefix", "instance", "token")) or words[0] != PREFIX:
        return None
    if not all(word.isdigit() for word in words[1:]):
        return None
    return Ticket(instance=int(words[1]), token=int(words[2]))


def as_pair(task_id: str) -> list[Any] | None:
    """Return instance and token of an id, as workers tell them; None for the id of another message."""
    ticket = ticket_of(task_id)
    return None if ticket is None else [ticket.instance, ticket.token]

"""Sending tickets, and failing the tries of those that nobody will run."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from functools import partial

from tradewind_plugins.contracts.executor import Submission, Ticket

from tradewind.dispatching.desk import Desk
from tradewind.metadata.statements import dispatches
from tradewind.metadata.statements.dispatches import Key, QueuedTry
from tradewind.transitions import tickets
from tradewind.transitions.values import Claimer

log = logging.getLogger(__name__)

MOST_AT_ONCE = 500
"""Tickets in one submission."""
NOT_STARTED_ID = "task-not-started"
"""The id of the kind of error that a try has which was never started."""


def key_of(ticket: Ticket) -> Key:
    """Return the instance and the token of a ticket."""
    return ticket.instance, ticket.token


class Sender:
    """Sends tickets.

    Arguments:
        desk: what its dispatcher works with.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.dispatcher = ""
        """The id of the dispatcher's row in `daemon`, in whose name it sends."""

    def send_new(self) -> None:
        """Send tickets of tries that have none, as far as the executor has room."""
        desk = self._desk
        capacity = desk.capacity()
        if capacity is None:
            return
        free = capacity.free
        most = MOST_AT_ONCE if free is None else min(MOST_AT_ONCE, free)
        while most > 0:
            with desk.database.read() as conn:
                tries = dispatches.new(conn, desk.name, by=self.dispatcher, most=most)
            if not tries or not self._send(tries) or free is not None:
                return

    def send_again(self, keys: Collection[Key]) -> None:
        """Send tickets once more, of those tries that still wait."""
        with self._desk.database.read() as conn:
            tries = dispatches.still_queued(conn, self._desk.name, keys)
        if tries:
            self._send(tries)

    def fail(self, key: Key, cause: str, *, may_retry: bool) -> None:
        """End a try that waits as failed, and forget its ticket.

        Arguments:
            cause: one line for the record.
            may_retry: whether another try might do better.
        """
        desk = self._desk
        claimer = Claimer(self.dispatcher, desk.name, 1, tickets.ticket_nonce())
        fail = partial(tickets.fail_ticket, may_retry=may_retry, graphs=desk.graphs, clock=desk.clock, ids=desk.ids)
        ended = desk.database.write(lambda conn: fail(conn, *key, claimer, cause), collisions=True)
        desk.database.write(lambda conn: dispatches.forget(conn, [key]))
        if ended is not None:
            log.error("a try was not started: %s", cause, extra={"instance": key[0]})
            desk.mouth.notify(set(ended.wake))

    def _send(self, tries: Sequence[QueuedTry]) -> bool:
        """Submit tickets, and note what the executor says; tell whether it said anything."""
        desk = self._desk
        by_key = {(each.instance, each.token): each for each in tries}
        sent = self._tickets(tries)
        answers = desk.asked(lambda: desk.executor.submit(sent), f"take {len(sent)} tickets on")
        if answers is None:
            return False
        taken = [by_key[key] for each in answers if each.accepted and (key := key_of(each.ticket)) in by_key]
        if taken:
            now = desk.clock.now()
            desk.database.write(lambda conn: dispatches.note(conn, desk.name, taken, now=now))
        for refused in (each for each in answers if not each.accepted):
            self._refuse(refused)
        return True

    def _tickets(self, tries: Sequence[QueuedTry]) -> list[Ticket]:
        with self._desk.database.read() as conn:
            graphs = {version: self._desk.graphs.get(conn, version) for version in {each.version_id for each in tries}}
        return [
            Ticket(
                instance=each.instance,
                token=each.token,
                queue=each.queue,
                options=dict(graphs[each.version_id].tasks[each.task_id].executor_config),
            )
            for each in tries
        ]

    def _refuse(self, refused: Submission) -> None:
        reason = refused.reason or "it says no reason"
        cause = f"{self._desk.name} refused it: {' '.join(reason.split())} [{NOT_STARTED_ID}]"
        self.fail(key_of(refused.ticket), cause, may_retry=False)

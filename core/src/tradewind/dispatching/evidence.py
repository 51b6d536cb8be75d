"""What an executor sees of its tickets, and what follows: tries that are gone are taken over, lost tickets are sent again."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial

from tradewind_plugins.contracts.executor import Hint, Ticket

from tradewind.dispatching.desk import Desk
from tradewind.dispatching.sending import NOT_STARTED_ID, Sender, key_of
from tradewind.metadata.statements import dispatches
from tradewind.metadata.statements.dispatches import Key, Sent
from tradewind.transitions import daemons, tickets
from tradewind.transitions.daemons import LOST_ID

log = logging.getLogger(__name__)

LOST_SECONDS = 60.0
"""After which a ticket that the executor does not know of is sent again; twice as long each time, up to sixteen times."""
SETTLING_SECONDS = 5.0
"""For which a ticket may be too young to be in the executor's own list."""
MOST_ATTEMPTS = 5
"""How often a ticket may vanish before its try was claimed."""


class Evidence:
    """Draws conclusions. Only what is certain takes a running try away, and only from a process that claimed it by its ticket.

    Arguments:
        desk: what its dispatcher works with.
        sender: sends tickets again.
    """

    def __init__(self, desk: Desk, sender: Sender) -> None:
        self._desk = desk
        self._sender = sender

    def look(self) -> bool:
        """Ask the executor what it has seen, and draw what follows.

        Returns:
            whether a process has ended: it has recorded how, or not, which a comparison finds.
        """
        seen = self._desk.asked(self._desk.executor.observe, "say what it has seen") or ()
        gone = {(each.instance, each.token): each for each in seen if each.kind == "gone"}
        if gone:
            self._take_over(gone)
        return any(each.kind == "ended" for each in seen)

    def compare(self) -> None:
        """Compare what the executor has with the database: tickets that are over are called back, lost ones sent again."""
        desk = self._desk
        listed = desk.asked(desk.executor.list_alive, "list what it has")
        if listed is None:
            return
        alive = {key_of(each) for each in listed}
        with desk.database.read() as conn:
            sent = dispatches.sent(conn, desk.name)
        self._call_back([(each.instance, each.token) for each in sent if not _is_open(each)], alive)
        absent = [each for each in sent if _is_open(each) and (each.instance, each.token) not in alive]
        if desk.executor.lists_all:
            self._miss(absent)
        else:
            self._look_for(absent)

    def _take_over(self, gone: Mapping[Key, Hint]) -> None:
        with self._desk.database.read() as conn:
            found = {(each.instance, each.token): each for each in dispatches.sent(conn, self._desk.name)}
        for key, hint in gone.items():
            if key in found:
                self._is_gone(found[key], _told(hint))

    def _is_gone(self, sent: Sent, detail: str) -> None:
        key = (sent.instance, sent.token)
        if sent.is_running and sent.worker is not None and tickets.is_by_ticket(sent.nonce):
            self._report_ended(sent.worker, f"{self._desk.name} says that its process is gone: {detail}")
        elif sent.is_queued and sent.attempts >= MOST_ATTEMPTS:
            cause = f"{self._desk.name} lost it {sent.attempts} times before it began: {detail} [{NOT_STARTED_ID}]"
            self._sender.fail(key, cause, may_retry=True)
        elif sent.is_queued:
            log.warning("%s lost a ticket before its try began, it is sent again: %s", self._desk.name, detail)
            self._sender.send_again([key])

    def _report_ended(self, worker: str, cause: str) -> None:
        desk = self._desk
        report = partial(daemons.report_ended, graphs=desk.graphs, clock=desk.clock, ids=desk.ids, cause=cause)
        taken = desk.database.write(lambda conn: report(conn, worker), collisions=True)
        with desk.database.read() as conn:
            daemons.log_taken(conn, taken, f"{cause} [{LOST_ID}]")
        if taken.wake:
            desk.mouth.notify(set(taken.wake))

    def _miss(self, absent: Sequence[Sent]) -> None:
        """Take what a complete list leaves out for gone."""
        now = self._desk.clock.now()
        for each in absent:
            if now - each.dispatched_at > timedelta(seconds=SETTLING_SECONDS):
                self._is_gone(each, "it is not among what runs there")

    def _look_for(self, absent: Sequence[Sent]) -> None:
        """Send again what the executor has not told of for long, where its list may lack some."""
        now = self._desk.clock.now()
        lost = [
            (each.instance, each.token)
            for each in absent
            if each.is_queued and now - each.dispatched_at > _patience(each.attempts)
        ]
        if lost:
            log.info(
                "%s tells nothing of %d tickets that nobody has claimed: they are sent again",
                self._desk.name,
                len(lost),
            )
            self._sender.send_again(lost)

    def _call_back(self, over: Sequence[Key], alive: Collection[Key]) -> None:
        """Have the executor stop what nobody waits for any more, and forget it."""
        if not over:
            return
        unwanted = [Ticket(instance=instance, token=token) for instance, token in over if (instance, token) in alive]
        if unwanted and self._desk.asked(lambda: self._cancelled(unwanted), "stop what is over") is None:
            return
        self._desk.database.write(lambda conn: dispatches.forget(conn, over))

    def _cancelled(self, unwanted: Sequence[Ticket]) -> bool:
        self._desk.executor.cancel(unwanted)
        return True


def _is_open(sent: Sent) -> bool:
    return sent.is_queued or sent.is_running


def _told(hint: Hint) -> str:
    code = "" if hint.exit_code is None else f"exit code {hint.exit_code}"
    return ", ".join(filter(None, (hint.detail, code))) or "it says no reason"


def _patience(attempts: int) -> timedelta:
    return timedelta(seconds=LOST_SECONDS * 2 ** min(attempts - 1, 4))

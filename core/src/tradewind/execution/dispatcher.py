"""The dispatcher: gives an executor a ticket for each try that is queued for it, and draws what follows from what it sees.

Messages are lost, late and doubled; the database decides. A try is claimed where its ticket arrives, atomically, so tickets
are sent again without harm: where the executor has lost one, or this process died between sending and noting. Of several
dispatchers of one executor the one that has been there longest sends; the others wait for its lease to end. Two at once, for
a moment, send tickets twice.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from tradewind_plugins.contracts.executor import Capacity, Executor, Hint, Submission, Ticket

from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import dispatches
from tradewind.metadata.statements.dispatches import Key, QueuedTry, Sent
from tradewind.metadata.wakeups import SCHEDULER, Wakeups
from tradewind.transitions import daemons, tickets
from tradewind.transitions.daemons import LOST_ID, Leases
from tradewind.transitions.graph import Graphs
from tradewind.transitions.values import Claimer

log = logging.getLogger(__name__)

Said = TypeVar("Said")

MOST_AT_ONCE = 500
"""Tickets in one submission."""
LOOK_SECONDS = 1.0
"""Between two looks at what waits and at what the executor has seen, where nothing wakes it."""
COMPARE_SECONDS = 10.0
"""Between two comparisons of what the executor has with the database."""
LOST_SECONDS = 60.0
"""After which a ticket that the executor does not know of is sent again; twice as long each time, up to sixteen times."""
SETTLING_SECONDS = 5.0
"""For which a ticket may be too young to be in the executor's own list."""
MOST_ATTEMPTS = 5
"""How often a ticket may vanish before its try was claimed."""
LONGEST_PAUSE = 30.0
NOT_STARTED_ID = "task-not-started"


@dataclass(frozen=True)
class Desk:
    """What a dispatcher works with.

    Arguments:
        executor: opened and started.
        name: of the executor, as tasks name it.
        slots: that are offered where the executor does not say how many it has.
        mouth: wakes other daemons after commits.
    """

    executor: Executor
    name: str
    slots: int
    database: Database
    graphs: Graphs
    clock: Clock
    ids: Ids
    leases: Leases
    renew_every: float
    mouth: Wakeups


class Dispatcher:
    """Takes turns; used by one thread.

    Arguments:
        desk: what it works with.
        now: a monotonic clock, in seconds.
    """

    def __init__(self, desk: Desk, now: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._now = now
        self.id = ""
        self._is_leader = False
        self._offered = 0
        self._renew_at = self._look_at = self._compare_at = 0.0
        self._pause = 0.0

    # --- the lease ----------------------------------------------------------------------------------------------------

    def register(self) -> None:
        """Announce this dispatcher. It offers slots once it turns out that it is the one that sends."""
        desk, self.id = self._desk, str(uuid4())
        self._is_leader, self._offered = False, 0
        register = partial(
            daemons.register,
            daemon_id=self.id,
            kind=daemons.WORKER,
            host=socket.gethostname(),
            pid=os.getpid(),
            clock=desk.clock,
            leases=desk.leases,
            executor=desk.name,
            slots=0,
        )
        desk.database.write(register)
        self._renew_at = 0.0

    def leave(self) -> None:
        """Say that this dispatcher has ended."""
        desk = self._desk
        desk.database.write(lambda conn: daemons.end_daemon(conn, self.id, "stopped", clock=desk.clock))

    def _renew(self) -> None:
        desk, sql_now = self._desk, self._desk.clock.sql_now()
        slots = self._slots()

        def work(conn: sa.Connection) -> tuple[bool, bool]:
            is_alive = daemons.renew(conn, self.id, clock=desk.clock, leases=desk.leases)
            is_leader = dispatches.leader(conn, desk.name, sql_now=sql_now) == self.id
            dispatches.offer(conn, self.id, slots if is_leader else 0)
            return is_alive, is_leader

        is_alive, is_leader = desk.database.write(work)
        if not is_alive:
            log.warning("this dispatcher was silent for so long that others took it for dead: it begins anew")
            self.register()
            return
        if is_leader != self._is_leader:
            log.info("%s is %s by this process", desk.name, "served from now on" if is_leader else "no longer served")
        offered = slots if is_leader else 0
        if offered > self._offered:
            desk.mouth.notify({SCHEDULER})  # what waited for room may be admitted now
        self._is_leader, self._offered = is_leader, offered

    def _slots(self) -> int:
        total = self._capacity().total
        return self._desk.slots if total is None else total

    def _capacity(self) -> Capacity:
        """Return what the executor has room for; nothing more where it cannot say."""
        try:
            return self._desk.executor.capacity()
        except Exception as error:  # noqa: BLE001 - a provider's code: whatever it is, the lease has to be renewed
            log.warning("%s cannot say how much it would take: %s", self._desk.name, error)
            return Capacity(free=0, total=self._offered)

    # --- turns --------------------------------------------------------------------------------------------------------

    def turn(self, *, is_woken: bool = False) -> float:
        """Do what is due; return after how many seconds something is again.

        Arguments:
            is_woken: whether something may have been queued just now.
        """
        try:
            self._turn(is_woken=is_woken)
            self._pause = 0.0
        except DBAPIError as error:
            self._pause = min(LONGEST_PAUSE, max(LOOK_SECONDS, self._pause * 2))
            log.warning("the database cannot be reached, it is tried again: %s", getattr(error, "orig", error))
        return max(self._pause, min(self._renew_at, self._look_at) - self._now())

    def _turn(self, *, is_woken: bool) -> None:
        now = self._now()
        if now >= self._renew_at:
            self._renew()
            self._renew_at = now + self._desk.renew_every
        if not is_woken and now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        if not self._is_leader:
            return
        self._send_new()
        self._draw(self._tried(self._desk.executor.observe, "say what it has seen") or ())
        if now >= self._compare_at:
            self._compare_at = now + COMPARE_SECONDS
            self._compare()

    def _send_new(self) -> None:
        desk = self._desk
        free = self._capacity().free
        most = MOST_AT_ONCE if free is None else min(MOST_AT_ONCE, free)
        while most > 0:
            with desk.database.read() as conn:
                tries = dispatches.new(conn, desk.name, by=self.id, most=most)
            if not tries or not self._send(tries) or free is not None:
                return

    def _send(self, tries: Sequence[QueuedTry]) -> bool:
        """Submit tickets, and note what the executor says; tell whether it said anything."""
        desk = self._desk
        by_key = {(each.instance, each.token): each for each in tries}
        sent = self._tickets(tries)
        answers = self._tried(lambda: desk.executor.submit(sent), f"take {len(sent)} tickets on")
        if answers is None:
            return False
        taken = [by_key[key] for each in answers if each.accepted and (key := _key(each.ticket)) in by_key]
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
        self._fail(_key(refused.ticket), cause, may_retry=False)

    def _fail(self, key: Key, cause: str, *, may_retry: bool) -> None:
        desk = self._desk
        claimer = Claimer(self.id, desk.name, 1, tickets.ticket_nonce())
        fail = partial(tickets.fail_ticket, may_retry=may_retry, graphs=desk.graphs, clock=desk.clock, ids=desk.ids)
        ended = desk.database.write(lambda conn: fail(conn, *key, claimer, cause), collisions=True)
        desk.database.write(lambda conn: dispatches.forget(conn, [key]))
        if ended is not None:
            log.error("a try was not started: %s", cause, extra={"instance": key[0]})
            desk.mouth.notify(set(ended.wake))

    # --- what the executor sees ---------------------------------------------------------------------------------------

    def _draw(self, hints: Iterable[Hint]) -> None:
        """Draw what follows from hints: of what is gone for certain, the try is taken from the process that had it."""
        gone = {(each.instance, each.token): each for each in hints if each.kind == "gone"}
        if not gone:
            return
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
            self._fail(key, cause, may_retry=True)
        elif sent.is_queued:
            log.warning("%s lost a ticket before its try began, it is sent again: %s", self._desk.name, detail)
            self._send_again([key])

    def _report_ended(self, worker: str, cause: str) -> None:
        desk = self._desk
        report = partial(daemons.report_ended, graphs=desk.graphs, clock=desk.clock, ids=desk.ids, cause=cause)
        taken = desk.database.write(lambda conn: report(conn, worker), collisions=True)
        with desk.database.read() as conn:
            daemons.log_taken(conn, taken, f"{cause} [{LOST_ID}]")
        if taken.wake:
            desk.mouth.notify(set(taken.wake))

    # --- comparing ----------------------------------------------------------------------------------------------------

    def _compare(self) -> None:
        """Compare what the executor has with the database: tickets that are over are called back, lost ones sent again."""
        desk = self._desk
        listed = self._tried(desk.executor.list_alive, "list what it has")
        if listed is None:
            return
        alive = {_key(each) for each in listed}
        with desk.database.read() as conn:
            sent = dispatches.sent(conn, desk.name)
        over = [(each.instance, each.token) for each in sent if not each.is_queued and not each.is_running]
        self._call_back(over, alive)
        now = desk.clock.now()
        absent = [each for each in sent if (each.instance, each.token) not in alive]
        if desk.executor.lists_all:
            ripe = timedelta(seconds=SETTLING_SECONDS)
            for each in absent:
                if now - each.dispatched_at > ripe and (each.is_queued or each.is_running):
                    self._is_gone(each, "it is not among what runs there")
            return
        lost = [each for each in absent if each.is_queued and now - each.dispatched_at > _patience(each.attempts)]
        if lost:
            log.warning("%s seems to have lost %d tickets: they are sent again", desk.name, len(lost))
            self._send_again([(each.instance, each.token) for each in lost])

    def _call_back(self, over: Sequence[Key], alive: Collection[Key]) -> None:
        """Have the executor stop what nobody waits for any more, and forget it."""
        if not over:
            return
        unwanted = [Ticket(instance=instance, token=token) for instance, token in over if (instance, token) in alive]
        if unwanted and self._tried(lambda: self._cancelled(unwanted), "stop what is over") is None:
            return
        self._desk.database.write(lambda conn: dispatches.forget(conn, over))

    def _cancelled(self, unwanted: Sequence[Ticket]) -> bool:
        self._desk.executor.cancel(unwanted)
        return True

    def _send_again(self, keys: Collection[Key]) -> None:
        with self._desk.database.read() as conn:
            tries = dispatches.still_queued(conn, self._desk.name, keys)
        if tries:
            self._send(tries)

    def _tried(self, work: Callable[[], Said], what: str) -> Said | None:
        """Ask the executor; None where it cannot say, which is asked again later."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - a provider's code: a service that is away must not end the dispatcher
            log.warning("%s cannot %s just now: %s", self._desk.name, what, error)
            return None


def _key(ticket: Ticket) -> Key:
    return ticket.instance, ticket.token


def _told(hint: Hint) -> str:
    code = "" if hint.exit_code is None else f"exit code {hint.exit_code}"
    return ", ".join(filter(None, (hint.detail, code))) or "it says no reason"


def _patience(attempts: int) -> timedelta:
    return timedelta(seconds=LOST_SECONDS * 2 ** min(attempts - 1, 4))

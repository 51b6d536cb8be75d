"""The scheduler: one loop, any number of processes, no running code.

It asks with one statement what there is to do, does it in short transactions, and sleeps until something becomes due or
somebody wakes it. Schedulers share the work by row locks: DAGs are locked past those that others hold, continuations
are
taken by deleting them, admission takes turns on the buckets.
"""

from __future__ import annotations

import itertools
import logging
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter, itemgetter
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError

from tradewind.daemon_log.about import about
from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import backfills as backfill_statements
from tradewind.metadata.statements import continuations, schedules
from tradewind.metadata.statements import deadlines as deadline_statements
from tradewind.metadata.wakeups import IDLE_POLL_SECONDS, Wakeups, worker_channel
from tradewind.metrics.catalogue import (
    ADMISSION,
    ADMITTED,
    QUARANTINED,
    SCHEDULER_HEARTBEAT,
    SCHEDULER_STEP,
)
from tradewind.metrics.recording import count, observe
from tradewind.scheduling import housekeeping
from tradewind.scheduling.courier import Delivers
from tradewind.scheduling.due_runs import make_due_run
from tradewind.scheduling.monitoring import Lookout
from tradewind.scheduling.settings import Settings
from tradewind.scheduling.sharing import in_own_order
from tradewind.transitions import admission, assets, backfills, continuing, daemons, deadlines, past, timers
from tradewind.transitions.graph import Graphs
from tradewind.transitions.recount import Start, start_queued

log = logging.getLogger(__name__)
Result = TypeVar("Result")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Stepped:
    """What one step did.

    Arguments:
        has_more: whether a limit cut it short, so that the next step should follow at once.
        has_worked: whether there was anything to do.
        next_due: the next moment at which something becomes due.
        wake: channels that were woken.
    """

    has_more: bool = False
    has_worked: bool = True
    next_due: datetime | None = None
    wake: frozenset[str] = field(default_factory=frozenset)


class Scheduler:
    """One scheduler.

    Arguments:
        database: the metadata database.
        graphs: the versions of DAGs, read lazily.
        wakeups: listens on `scheduler`; tells workers of newly queued tasks.
        clock, ids: time, ids and nonces, injected.
        settings: times and limits.
        delivery: tells listeners of ends; None where nobody listens.
        on_turn: called each time the loop has turned, so that others can see that it moves.
    """

    def __init__(
        self,
        database: Database,
        graphs: Graphs,
        wakeups: Wakeups,
        *,
        clock: Clock,
        ids: Ids,
        settings: Settings,
        delivery: Delivers | None = None,
        on_turn: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._graphs = graphs
        self._wakeups = wakeups
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self._delivery = delivery
        self._on_turn = on_turn
        self._stop = threading.Event()
        self._stop_ear, self._stop_mouth = os.pipe()
        self._next_renewal: datetime | None = None
        self._next_beat: datetime | None = None
        self._next_recount: datetime | None = None
        self._recounted = 0
        self._lookout = Lookout(database, clock=clock, interval=settings.monitor_every)
        self.daemon_id = ids.nonce()

    # --- The loop

    def run(self, num_steps: int | None = None) -> None:
        """Work until `stop` is called. An outage of the database is waited out; any other error ends the loop.

        Arguments:
            num_steps: end after so many steps.
        """
        for number in itertools.count() if num_steps is None else range(num_steps):
            if self._stop.is_set():
                break
            stepped = self.attempt()
            count(SCHEDULER_HEARTBEAT)
            self._on_turn()
            is_last = num_steps is not None and number + 1 == num_steps
            if not (stepped.has_more or is_last):
                self._sleep(stepped)
        self._end()

    def stop(self) -> None:
        """Let `run` return after its present step; may be called from a signal handler or another thread."""
        self._stop.set()
        os.write(self._stop_mouth, b"x")

    def close(self) -> None:
        """Give back the descriptors; the wake-ups and the database belong to the caller."""
        os.close(self._stop_ear)
        os.close(self._stop_mouth)

    def _sleep(self, stepped: Stepped) -> None:
        ears = [self._stop_ear]
        if self._wakeups.fileno() >= 0:
            ears.append(self._wakeups.fileno())
        select.select(ears, [], [], self.pause(stepped, is_deaf=len(ears) == 1))
        self._wakeups.drain()

    def pause(self, stepped: Stepped, *, is_deaf: bool) -> float:
        """Return for how many seconds to sleep after a step, if no wake-up arrives.

        Arguments:
            is_deaf: whether no wake-up can arrive.
        """
        timeout = self._settings.poll_interval
        if not stepped.has_worked and not is_deaf:
            timeout = max(timeout, IDLE_POLL_SECONDS)
        due = [moment for moment in (stepped.next_due, self._next_renewal) if moment is not None]
        return min([timeout, *(max(0.0, (moment - self._clock.now()).total_seconds()) for moment in due)])

    def _end(self) -> None:
        try:
            end = partial(daemons.end_daemon, daemon_id=self.daemon_id, cause="stopped", clock=self._clock)
            self._database.write(end)
        except (OperationalError, InterfaceError) as error:
            log.warning(
                "the end of scheduler %s could not be recorded, its lease will expire: %s", self.daemon_id, error
            )

    # --- One step

    def attempt(self) -> Stepped:
        """Do one step. Where the database cannot be reached nothing is done, and the next attempt begins with a beat."""
        began = time.perf_counter()
        try:
            stepped = self.step()
        except (OperationalError, InterfaceError) as error:
            log.warning("the database cannot be reached, trying again: %s", error)
            # Beat and judge anew at the next step, which comes after `poll_interval` and not at once
            self._next_renewal = self._next_beat = None
            return Stepped()
        observe(SCHEDULER_STEP, time.perf_counter() - began)
        return stepped

    def step(self) -> Stepped:
        """Do what there is to do now, and tell when to look again."""
        agenda = self._ask(is_judging=self._keep_lease())
        if agenda.is_anybody_gone:
            self._watch_leases()
            agenda = self._ask(is_judging=False)  # what was taken from them may be ready now
        has_more = False
        if agenda.has_deadlines:
            has_more |= self._meet_deadlines()
        if agenda.has_due_instances:
            has_more |= self._release() >= self._settings.batch
        if agenda.has_due_dags:
            has_more |= self._make_due_runs()
        if agenda.has_asset_news:
            has_more |= self._make_asset_runs()
        if agenda.has_backfills:
            has_more |= self._work_off_backfills()
        if agenda.has_queued_runs:
            has_more |= self._start_queued_runs()
        if agenda.has_continuations:
            has_more |= self._go_on()
        has_worked = (
            agenda.has_due_instances
            or agenda.has_deadlines
            or agenda.has_due_dags
            or agenda.has_asset_news
            or agenda.has_backfills
            or agenda.has_queued_runs
            or agenda.has_continuations
        )
        if agenda.has_gates or has_worked:
            opened = self._open_gates()
            has_more |= opened
            has_worked |= opened
        wake: frozenset[str] = frozenset()
        if agenda.has_scheduled or has_worked:
            admitted = self._admit()
            has_more |= admitted.count >= self._settings.admit_limit
            wake = frozenset(worker_channel(executor) for executor in admitted.executors)
            self._wakeups.notify(wake)
        has_worked |= agenda.has_scheduled
        if self._delivery is not None and (agenda.has_events or has_worked):
            # Last: workers are at work while listeners run.
            has_more |= self._delivery.deliver(self.daemon_id)
            has_worked = True
        return Stepped(has_more, has_worked, agenda.next_due, wake)

    def _ask(self, *, is_judging: bool) -> schedules.Agenda:
        gone = daemons.is_anybody_gone(clock=self._clock, leases=self._settings.leases) if is_judging else None
        with self._database.read() as conn:
            return schedules.agenda(conn, now=self._clock.now(), gone=gone)

    def _release(self) -> int:
        released = self._database.write(partial(timers.release, clock=self._clock, limit=self._settings.batch))
        if released.wake:
            self._wakeups.notify(released.wake)
        return released.count

    def _meet_deadlines(self) -> bool:
        with self._database.read() as conn:
            found = deadline_statements.due_runs(conn, now=self._clock.now(), most=self._settings.batch)
        meet = partial(deadlines.meet, graphs=self._graphs, clock=self._clock, ids=self._ids)
        in_order = self._in_own_order(found, itemgetter(1))
        ended = [self._guarded(dag_id, partial(meet, run=run)) for run, dag_id in in_order]
        # What had no room beside a run that took too long is not in this step's agenda.
        return any(ended) or len(found) >= self._settings.batch

    def _make_due_runs(self) -> bool:
        with self._database.read() as conn:
            due = schedules.due_dags(conn, now=self._clock.now(), most=self._settings.batch)
        make = partial(make_due_run, graphs=self._graphs, clock=self._clock, ids=self._ids, settings=self._settings)
        made = [self._guarded(dag_id, partial(make, dag_id=dag_id)) for dag_id in self._in_own_order(due, str)]
        # A DAG that catches up has its next run due at once.
        return any(run is not None for run in made)

    def _make_asset_runs(self) -> bool:
        with self._database.read() as conn:
            found = schedules.asset_dags(conn, most=self._settings.batch)
        make = partial(
            assets.make_run,
            graphs=self._graphs,
            clock=self._clock,
            ids=self._ids,
            executor=self._settings.executor,
            queue=self._settings.queue,
        )
        for dag_id in self._in_own_order(found, str):
            self._guarded(dag_id, partial(make, dag_id=dag_id))
        return len(found) >= self._settings.batch

    def _work_off_backfills(self) -> bool:
        with self._database.read() as conn:
            found = self._in_own_order(backfill_statements.with_work(conn, most=self._settings.batch), itemgetter(1))
        work = partial(
            backfills.work_off,
            graphs=self._graphs,
            clock=self._clock,
            ids=self._ids,
            executor=self._settings.executor,
            queue=self._settings.queue,
        )
        done = [self._guarded(dag_id, partial(work, key=key, dag_id=dag_id)) for key, dag_id in found]
        return any(done)

    def _start_queued_runs(self) -> bool:
        with self._database.read() as conn:
            queued = self._in_own_order(schedules.queued_runs(conn, most=self._settings.batch), itemgetter(1))
        start = partial(start_queued, graphs=self._graphs, clock=self._clock, ids=self._ids)
        # First those whose DAGs nobody else is at, then the others, if they still wait: so none is left for later
        results = [self._guarded(dag_id, partial(start, run=run, waits=False)) for run, dag_id in queued]
        busy = [each for each, result in zip(queued, results, strict=True) if result is Start.BUSY]
        results += [self._guarded(dag_id, partial(start, run=run)) for run, dag_id in busy]
        # What started may have left an expansion, which nobody else is woken for.
        return Start.STARTED in results

    def _go_on(self) -> bool:
        with self._database.read() as conn:
            left = continuations.first(conn, self._settings.batch)
        go_on = partial(
            continuing.go_on,
            graphs=self._graphs,
            clock=self._clock,
            ids=self._ids,
            max_map_length=self._settings.max_map_length,
        )
        in_order = self._in_own_order(left, attrgetter("dag_id"))
        done = [self._guarded(each.dag_id, partial(go_on, left=each)) for each in in_order]
        # What goes on may have left a rest again.
        return any(done)

    def _open_gates(self) -> bool:
        """Let on what past runs hold no longer; tell whether there was anything."""
        with self._database.read() as conn:
            found = past.openable(conn, self._graphs)
        let_on = partial(past.let_on, graphs=self._graphs, clock=self._clock, ids=self._ids)
        in_order = self._in_own_order(found, itemgetter(1))
        opened = [self._guarded(dag_id, partial(let_on, run=run, keys=keys)) for run, dag_id, keys in in_order]
        return any(opened)

    def _in_own_order(self, found: Sequence[Item], dag_of: Callable[[Item], str]) -> list[Item]:
        return in_own_order(found, dag_of, self.daemon_id)

    def _admit(self) -> admission.Admitted:
        began = time.perf_counter()
        admitted = self._database.write(partial(admission.admit, clock=self._clock, limit=self._settings.admit_limit))
        observe(ADMISSION, time.perf_counter() - began)
        count(ADMITTED, admitted.count)
        return admitted

    def _guarded(self, dag_id: str, work: Callable[[sa.Connection], Result]) -> Result | None:
        """Do work for one DAG in a transaction; if it stumbles, set the DAG aside and let every other go on."""
        try:
            return self._database.write(work, collisions=True)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            log.exception("DAG %s is put into quarantine", dag_id, extra=about(dag_id=dag_id))
            count(QUARANTINED, dag_id=dag_id)
            reason = f"{type(error).__name__}: {error}"
            self._database.write(partial(schedules.quarantine, dag_id=dag_id, reason=reason))
            return None

    # --- On the side

    def _keep_lease(self) -> bool:
        """Do what is due for this scheduler itself; tell whether the lease was renewed, and others' are to be judged."""
        now = self._clock.now()
        is_renewal_due = _is_due(self._next_renewal, now, self._settings.renew_every)
        if is_renewal_due:
            self._renew(now)
            self._next_renewal = now + timedelta(seconds=self._settings.renew_every)
        if _is_due(self._next_recount, now, self._settings.reconcile_interval):
            self._recounted = housekeeping.reconcile(
                self._database, self._recounted, graphs=self._graphs, clock=self._clock, ids=self._ids
            )
            self._next_recount = now + timedelta(seconds=self._settings.reconcile_interval)
        self._lookout.turn()
        return is_renewal_due

    def _watch_leases(self) -> None:
        wake = housekeeping.watch_leases(
            self._database, graphs=self._graphs, clock=self._clock, ids=self._ids, settings=self._settings
        )
        self._wakeups.notify(wake)

    def _renew(self, now: datetime) -> None:
        # The pulse need not be as frequent as the lease: twice in a lease is enough, and costs half
        is_beat_due = _is_due(self._next_beat, now, self._settings.beat_every.total_seconds())
        is_renewed = housekeeping.renew(
            self._database, self.daemon_id, clock=self._clock, settings=self._settings, with_beat=is_beat_due
        )
        if (
            is_beat_due
        ):  # not before it was written: after an outage the first renewal must beat, before anybody is judged
            self._next_beat = now + self._settings.beat_every
        if is_renewed:
            return
        # New, or declared ended while the machine slept: nothing hangs on the old id, so a new one will do.
        self.daemon_id = self._ids.nonce()
        register = partial(
            daemons.register,
            daemon_id=self.daemon_id,
            kind="scheduler",
            host=socket.gethostname(),
            pid=os.getpid(),
            clock=self._clock,
            leases=self._settings.leases,
        )
        self._database.write(register)


def _is_due(moment: datetime | None, now: datetime, interval: float) -> bool:
    """Tell whether a moment has come that was at most one interval away; a clock that was put back makes it due too."""
    return moment is None or now >= moment or moment - now > timedelta(seconds=interval)

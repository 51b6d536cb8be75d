"""Workers: an exchange with the database, and a host on which the processes of tries run, each at its own pace."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from simulation.actors import Actor, seconds
from simulation.baton import Crash
from simulation.behaviour import Behaviour, behave
from simulation.faults import UNREACHABLE
from simulation.scenario import CHILD, LOCAL, Station
from simulation.violation import Violation
from tradewind.metadata import tables
from tradewind.metadata.statements import daemons as daemon_statements
from tradewind.transitions import child_runs, claims, daemons
from tradewind.transitions.states import TryState
from tradewind.transitions.values import Claimer, Outcome, Ticket
from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    from simulation.world import World

MARGIN = timedelta(seconds=2)
RENEW_EVERY = timedelta(seconds=6)
ISOLATED = "isolated"
"""Why a host killed a process: the model must know that another try may follow, whatever its code would have said."""


@dataclass
class Process:
    """One try's process on a worker.

    Arguments:
        is_asking: whether its code is through, and waits for the run that it has asked for.
    """

    ticket: Ticket
    behaviour: Behaviour
    begins_at: datetime
    started_at: datetime | None = None
    is_asking: bool = False

    @property
    def key(self) -> tuple[int, int]:
        """What names the try."""
        return (self.ticket.instance, self.ticket.token)

    @property
    def due_at(self) -> datetime:
        """When it begins, or ends."""
        return self.begins_at if self.started_at is None else self.started_at + self.behaviour.duration

    def __str__(self) -> str:
        ticket = self.ticket
        return f"{ticket.dag_id}/{ticket.run % 10000}/{ticket.task_id}[{ticket.map_index}] token {ticket.token}"


@dataclass
class Call:
    """A call that is repeated until its answer arrives."""

    outcomes: tuple[Outcome, ...]
    claimer: Claimer


@dataclass
class Journal:
    """What a worker has on disk: it survives the worker."""

    known: set[tuple[int, int]] = field(default_factory=set)
    started: set[tuple[int, int]] = field(default_factory=set)
    pending: list[Outcome] = field(default_factory=list)


@dataclass
class Life:
    """One life of a worker, under one id.

    Arguments:
        contact: when the last renewal was sent that is known to have arrived.
    """

    worker: str
    contact: datetime
    renew_at: datetime
    journal: Journal = field(default_factory=Journal)
    processes: dict[tuple[int, int], Process] = field(default_factory=dict)
    call: Call | None = None
    is_registered: bool = False


class WorkerActor(Actor):
    """A worker's exchange: it claims, reports and renews; it may die, fall silent, or be cut off."""

    def __init__(self, world: World, name: str, station: Station) -> None:
        super().__init__(world, name)
        self.station = station
        self.cut_until: datetime | None = None
        self.old: list[Outcome] = []
        self._begin()

    def _begin(self) -> None:
        now = self.world.clock.at
        self.life = Life(self.world.ids.nonce(), contact=now, renew_at=now)

    def listens(self, channels: frozenset[str]) -> bool:
        """See `Actor.listens`."""
        return f"worker:{self.station.executor}" in channels and self.cut_until is None

    def live(self) -> list[Process]:
        """Return the processes whose user code is running."""
        return [process for process in self.life.processes.values() if process.started_at is not None]

    @property
    def kill_at(self) -> datetime:
        """When the host kills everything if the worker does not reach the database before."""
        return self.life.contact + self.world.leases.isolation_grace - MARGIN

    @property
    def free(self) -> int:
        """How many more tries it can take now; none before it is registered."""
        return self.station.slots - len(self.life.processes) if self.life.is_registered else 0

    # --- A step

    def step(self) -> None:
        """See `Actor.step`."""
        now = self.world.clock.at
        if self.cut_until is None:
            self._misfortune(now)
        if self.cut_until is not None and now < self.cut_until:
            self.next_at = self.cut_until
            return
        self.cut_until = None
        if self._talk():
            self.next_at = max(self.world.clock.at + seconds(0.001), self.life.renew_at)
        else:
            self.next_at = self.world.clock.at + seconds(self.rng.uniform(0.1, 2))

    def _talk(self) -> bool:
        world, life = self.world, self.life
        try:
            with world.database.faulty(self.rng, world.faults):
                self._say(life)
        except (Crash, *UNREACHABLE):
            world.note(f"{self.name} gets no answer")
            return False
        return True

    def _say(self, life: Life) -> None:
        world = self.world
        if not life.is_registered:
            self._register(life)
        if world.clock.at >= life.renew_at:
            sent = world.clock.at
            lives = world.write(daemons.renew, life.worker, clock=world.clock, leases=world.leases)
            if not lives:
                world.note(f"{self.name} learns that it was declared ended")
                self._begin()
                self.life.journal.pending = life.journal.pending
                return
            life.contact = sent
            life.renew_at = world.clock.at + RENEW_EVERY
            if world.timed_out or world.overruled:
                self._drop(life)
        self._ask(life)
        if life.call is None:
            self._prepare(life)
        if life.call is not None:
            self._send(life, life.call)

    def _drop(self, life: Life) -> None:
        """End what is this worker's no more, as its run took too long, or somebody has said how it ended."""
        with self.world.database.read() as conn:
            held = {(each.instance, each.token) for each in daemon_statements.held(conn, life.worker)}
        for key, process in list(life.processes.items()):
            is_overruled = process.ticket.run in self.world.timed_out or key in self.world.overruled
            if is_overruled and key not in held:
                del life.processes[key]

    def _ask(self, life: Life) -> None:
        """Ask for the runs that processes want; each is asked for again until there is an answer."""
        world = self.world
        for process in [each for each in life.processes.values() if each.is_asking]:
            told = self._child_run(process)
            del life.processes[process.key]
            outcome = process.behaviour.outcome(process.ticket, process.started_at or world.clock.at, world.clock.at)
            life.journal.pending.append(
                outcome if told else replace(outcome, state="failed", retry=True, xcoms=(), skip=())
            )

    def _child_run(self, process: Process) -> bool:
        """Ask for a run; tell whether there is one. A try that is not running any more gets none, and need not."""
        world, ticket = self.world, process.ticket
        how = world.dag_of(ticket.run).tasks[ticket.task_id].triggers
        name = f"child {ticket.instance % 10000} {ticket.map_index}"
        wanted = child_runs.Wanted(CHILD, name, world.clock.at, {}, reset=how == "again", by=process.key)
        world.asking[self.name] = process.key
        tools: dict[str, Any] = {"graphs": world.graphs, "clock": world.clock, "ids": world.ids}
        try:
            made = world.write(child_runs.make, wanted, **tools, executor=LOCAL, queue="default")
        except child_runs.OvertakenError:
            return True
        except TradewindException as refused:
            world.note(f"  {process} is refused a run: {refused}")
            return False
        finally:
            del world.asking[self.name]
        world.note(f"  {process} asked for {made.run_id}: {made.state}")
        world.notify(["scheduler"])
        return True

    def _register(self, life: Life) -> None:
        # An id names one life of a worker: after a lost reply the row is there already.
        world = self.world
        sent = world.clock.at
        with world.database.read() as conn:
            known = conn.execute(sa.select(tables.daemon.c.id).where(tables.daemon.c.id == life.worker)).first()
        if known is None:
            world.write(
                daemons.register,
                daemon_id=life.worker,
                kind="worker",
                host=self.name,
                pid=1,
                executor=self.station.executor,
                queues=self.station.queues,
                slots=self.station.slots,
                clock=world.clock,
                leases=world.leases,
            )
            life.contact = sent
            world.notify(["scheduler"])
        life.is_registered = True

    def _prepare(self, life: Life) -> None:
        outcomes = list(life.journal.pending)
        if "late report" in self.world.faults and outcomes and self.rng.random() < 0.3:
            self.world.count("late report")
            outcomes = outcomes[1:]
        if self.old and "duplicate" in self.world.faults and self.rng.random() < 0.3:
            self.world.count("duplicate")
            outcomes += [self.rng.choice(self.old)] * self.rng.randint(1, 2)
            self.rng.shuffle(outcomes)
        free = self.station.slots - len(life.processes)
        if outcomes or free > 0:
            station = self.station
            nonce = self.world.ids.nonce()
            life.call = Call(
                tuple(outcomes), Claimer(life.worker, station.executor, max(0, free), nonce, station.queues)
            )

    def _send(self, life: Life, call: Call) -> None:
        world = self.world
        if call.outcomes:
            result = world.end(call.outcomes, claimer=call.claimer)
            tickets = result.tickets
            world.notify(result.wake)
            for answer in result.answers:
                world.note(
                    f"  {self.name} ended {world.name_of(answer.instance)} {answer.token}: {answer.verdict}, {answer.state}"
                )
        else:
            tickets = world.write(claims.claim, call.claimer, clock=world.clock)
        life.call = None
        sent = {(outcome.instance, outcome.token) for outcome in call.outcomes}
        life.journal.pending = [each for each in life.journal.pending if (each.instance, each.token) not in sent]
        self.old += call.outcomes
        for ticket in tickets:
            self._dispatch(life, ticket)

    def _dispatch(self, life: Life, ticket: Ticket) -> None:
        world, key = self.world, (ticket.instance, ticket.token)
        if key in life.journal.known:
            return
        life.journal.known.add(key)
        world.ticket_given(ticket)
        world.note(f"  {self.name} got {world.name_of(ticket.instance)} {ticket.token}")
        begins_at = world.clock.at + seconds(self.rng.choice([0.0, 0.0, 0.5]))
        behaviour = behave(world.scenario, world.dag_of(ticket.run), ticket)
        life.processes[key] = Process(ticket, behaviour, begins_at)
        if len(life.processes) > self.station.slots:
            raise Violation(f"{self.name} got {len(life.processes)} tries for {self.station.slots} slots")
        world.host_of(self).wake()

    # --- Misfortunes

    def _misfortune(self, now: datetime) -> None:
        world, faults = self.world, self.world.faults
        if "evidence" in faults and self.rng.random() < 0.04:
            world.note(f"{self.name} dies, and its host says so")
            self._count_loss("evidence")
            world.add(WatcherActor(world, self.life))
            self._begin()
        elif "silence" in faults and self.rng.random() < 0.03:
            world.note(f"{self.name} is gone without a word")
            self._count_loss("silence")
            if self.rng.random() < 0.5:
                world.add(ReturningActor(world, self.life))
            self._begin()
        elif "isolation" in faults and self.rng.random() < 0.05:
            world.count("isolation")
            self.cut_until = now + seconds(self.rng.choice([8, 25, 60, 120]))
            world.note(f"{self.name} is cut off until {self.cut_until:%M:%S}")

    def _count_loss(self, fault: str) -> None:
        if self.life.processes or self.life.journal.pending:  # else nothing is lost with it
            self.world.count(fault)


class HostActor(Actor):
    """A worker's host: it starts and ends processes, and kills all when the worker was cut off for too long."""

    def __init__(self, world: World, name: str, worker: WorkerActor) -> None:
        super().__init__(world, name)
        self.worker = worker

    def step(self) -> None:
        """See `Actor.step`."""
        world, worker = self.world, self.worker
        now, life = world.clock.at, worker.life
        if now >= worker.kill_at:
            self._kill(life, now)
        for key, process in list(life.processes.items()):
            if process.started_at is None and process.begins_at <= now:
                life.journal.started.add(key)
                process.started_at = now
                world.process_started(process)
            is_through = process.started_at is not None and process.due_at <= now and not process.is_asking
            if is_through and process.behaviour.state == "success" and self._triggers(process):
                process.is_asking = True
                worker.wake()
            elif is_through and process.started_at is not None:
                del life.processes[key]
                life.journal.pending.append(process.behaviour.outcome(process.ticket, process.started_at, now))
                worker.wake()
        moments = [process.due_at for process in life.processes.values() if not process.is_asking]
        if life.processes:
            moments.append(worker.kill_at)
        self.next_at = max(now + seconds(0.001), min(moments, default=now + seconds(3600)))

    def _triggers(self, process: Process) -> bool:
        return bool(self.world.dag_of(process.ticket.run).tasks[process.ticket.task_id].triggers)

    def _kill(self, life: Life, now: datetime) -> None:
        if life.processes:
            self.world.count("killed in isolation")
            self.world.note(f"{self.name} kills its processes after {now - life.contact}")
        for process in life.processes.values():
            outcome = process.behaviour.outcome(process.ticket, process.started_at or now, now)
            state = "failed" if process.started_at is not None else TryState.NEVER_STARTED
            life.journal.pending.append(
                replace(outcome, state=state, cause=ISOLATED, skip=(), xcoms=(), due_at=None, retry=True)
            )
        life.processes.clear()


class WatcherActor(Actor):
    """A host that saw a worker's processes end: it replays the journal and reports."""

    def __init__(self, world: World, life: Life) -> None:
        super().__init__(world, f"watcher of {life.worker[:8]}")
        self.worker = life.worker
        self.journal = life.journal
        self.next_at = world.clock.at + seconds(self.rng.uniform(0, 6))
        self.is_outbox_lost = self.rng.random() < 0.3  # then only what had begun is known

    def step(self) -> None:
        """See `Actor.step`."""
        world = self.world
        self.next_at = world.clock.at + seconds(2)
        try:
            with world.database.faulty(self.rng, world.faults):
                self._report()
        except (Crash, *UNREACHABLE):
            return
        world.remove(self)

    def _report(self) -> None:
        world = self.world
        tools: dict[str, Any] = {"graphs": world.graphs, "clock": world.clock, "ids": world.ids}
        if not self.is_outbox_lost and self.journal.pending:
            world.notify(world.end(self.journal.pending).wake)
        with world.database.read() as conn:
            held = {(each.instance, each.token) for each in daemon_statements.held(conn, self.worker)}
        taken = world.write(daemons.report_ended, self.worker, held - self.journal.started, **tools)
        world.notify(taken.wake)


class ReturningActor(Actor):
    """A host that was gone without a word and is back: what its journal holds is told, however late it is."""

    def __init__(self, world: World, life: Life) -> None:
        super().__init__(world, f"returning {life.worker[:8]}")
        self.pending = list(life.journal.pending)
        self.next_at = world.clock.at + seconds(self.rng.uniform(0, 150))

    def step(self) -> None:
        """See `Actor.step`."""
        world = self.world
        self.next_at = world.clock.at + seconds(2)
        try:
            with world.database.faulty(self.rng, world.faults):
                if self.pending:
                    world.count("late report")
                    world.notify(world.end(self.pending).wake)
        except (Crash, *UNREACHABLE):
            return
        world.remove(self)

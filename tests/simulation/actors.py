"""The actors: schedulers, workers with their simulated processes, and operators. Each does one thing a step."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from simulation.behaviour import Behaviour, behave
from simulation.faults import Crash
from simulation.scenario import SimDag, SimTask, arrange
from tradewind.metadata import tables
from tradewind.metadata.statements import daemons as daemon_statements
from tradewind.scheduling.scheduler import Scheduler
from tradewind.transitions import claims, clear, daemons, ends, runs
from tradewind.transitions.graph import descendants
from tradewind.transitions.values import Claimer, Outcome, Ticket

if TYPE_CHECKING:
    from simulation.world import World

EXECUTOR = "LocalExecutor"
MARGIN = timedelta(seconds=2)
RENEW_EVERY = timedelta(seconds=4)


def seconds(count: float) -> timedelta:
    """Return a duration."""
    return timedelta(seconds=count)


class Actor:
    """Something that acts at its time, or when it is woken."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.next_at = world.clock.at
        self.rng = random.Random(f"{world.scenario.seed} {name}")

    def listens(self, channels: frozenset[str]) -> bool:
        """Whether one of these wake-ups is for this actor."""
        return False

    def step(self) -> None:
        """Act, and set `next_at`."""
        raise NotImplementedError


class SchedulerActor(Actor):
    """A real scheduler. When it crashes, another one is started in its place."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        self.scheduler = self._new()

    def _new(self) -> Scheduler:
        world = self.world
        return Scheduler(world.database, world.graphs, world, clock=world.clock, ids=world.ids, settings=world.settings)

    def listens(self, channels: frozenset[str]) -> bool:
        return "scheduler" in channels

    def close(self) -> None:
        self.scheduler.close()

    def step(self) -> None:
        now = self.world.clock.at
        try:
            with self.world.database.faulty(self.rng, self.world.faults):
                stepped = self.scheduler.step()
        except Crash:
            self.world.note(f"{self.name} crashes")
            self.scheduler.close()
            self.scheduler = self._new()
            self.next_at = now + seconds(self.rng.uniform(0, 3))
            return
        if stepped.has_more:
            self.next_at = now
            return
        self.world.checker.when_quiet()
        due = stepped.next_due or now + seconds(60)
        self.next_at = max(now + seconds(0.001), min(due, now + seconds(self.world.settings.poll_interval)))


@dataclass
class Process:
    """One try's process on a worker."""

    ticket: Ticket
    behaviour: Behaviour
    begins_at: datetime
    started_at: datetime | None = None

    @property
    def key(self) -> tuple[int, int]:
        return (self.ticket.instance, self.ticket.token)

    @property
    def due_at(self) -> datetime:
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


class WorkerActor(Actor):
    """A worker: claims, runs processes, reports, renews; may die, fall silent, or be cut off."""

    def __init__(self, world: World, name: str, slots: int) -> None:
        super().__init__(world, name)
        self.slots = slots
        self._begin()

    def _begin(self) -> None:
        self.worker = self.world.ids.nonce()
        self.journal = Journal()
        self.processes: dict[tuple[int, int], Process] = {}
        self.call: Call | None = None
        self.is_registered = False
        self.renew_at = self.world.clock.at
        self.contact = self.world.clock.at
        self.cut_until: datetime | None = None
        self.old: list[Outcome] = []

    def listens(self, channels: frozenset[str]) -> bool:
        return f"worker:{EXECUTOR}" in channels and self.cut_until is None

    # --- A step

    def step(self) -> None:
        now = self.world.clock.at
        self._run_processes(now)
        if self.cut_until is not None:
            self._be_cut_off(now)
        else:
            self._misfortune(now)
            if self.cut_until is None:
                self._talk(now)
        moments = [self.renew_at, *(process.due_at for process in self.processes.values())]
        if self.cut_until is not None:
            moments = [self.cut_until, *(process.due_at for process in self.processes.values()), self._kill_at()]
            moments = [moment for moment in moments if moment > now] or [self.cut_until]
        self.next_at = max(now + seconds(0.001), min(moments))

    def _run_processes(self, now: datetime) -> None:
        for key, process in list(self.processes.items()):
            if process.started_at is None and process.begins_at <= now:
                self.journal.started.add(key)
                process.started_at = now
                self.world.process_started(process)
            if process.started_at is not None and process.due_at <= now:
                del self.processes[key]
                self.journal.pending.append(process.behaviour.outcome(process.ticket, process.started_at, now))

    def live(self) -> list[Process]:
        """Return the processes whose user code is running."""
        return [process for process in self.processes.values() if process.started_at is not None]

    def _talk(self, now: datetime) -> None:
        try:
            with self.world.database.faulty(self.rng, self.world.faults):
                self._say(now)
        except Crash:
            self.world.note(f"{self.name} gets no answer")
            self.renew_at = min(self.renew_at, now + seconds(self.rng.uniform(0.1, 2)))

    def _say(self, now: datetime) -> None:
        if not self.is_registered:
            self._register()
        if now >= self.renew_at:
            lives = self.world.write(daemons.renew, self.worker, clock=self.world.clock, leases=self.world.leases)
            if not lives:
                self.world.note(f"{self.name} learns that it was declared ended")
                self._begin()
                return
            self.contact = now
            self.renew_at = now + RENEW_EVERY
        if self.call is None:
            self._prepare()
        if self.call is not None:
            self._send(self.call)

    def _register(self) -> None:
        # An id names one life of a worker: after a lost reply the row is there already.
        with self.world.database.read() as conn:
            known = conn.execute(sa.select(tables.daemon.c.id).where(tables.daemon.c.id == self.worker)).first()
        if known is None:
            self.world.write(
                daemons.register,
                daemon_id=self.worker,
                kind="worker",
                host=self.name,
                pid=1,
                executor=EXECUTOR,
                slots=self.slots,
                clock=self.world.clock,
                leases=self.world.leases,
            )
        self.is_registered = True

    def _prepare(self) -> None:
        outcomes = list(self.journal.pending)
        if self.old and "duplicate" in self.world.faults and self.rng.random() < 0.3:
            outcomes += [self.rng.choice(self.old)] * self.rng.randint(1, 2)
            self.rng.shuffle(outcomes)
        free = self.slots - len(self.processes)
        if outcomes or free > 0:
            self.call = Call(tuple(outcomes), Claimer(self.worker, EXECUTOR, max(0, free), self.world.ids.nonce()))

    def _send(self, call: Call) -> None:
        world = self.world
        if call.outcomes:
            result = world.write(
                ends.end,
                call.outcomes,
                graphs=world.graphs,
                clock=world.clock,
                ids=world.ids,
                claimer=call.claimer,
                fast_follow=self.rng.random() < 0.9,
            )
            tickets = result.tickets
            world.notify(result.wake)
            for answer in result.answers:
                world.note(
                    f"  {self.name} ended {world.name_of(answer.instance)} {answer.token}: {answer.verdict}, {answer.state}"
                )
        else:
            tickets = world.write(claims.claim, call.claimer, clock=world.clock)
        self.call = None
        sent = {(outcome.instance, outcome.token) for outcome in call.outcomes}
        self.journal.pending = [each for each in self.journal.pending if (each.instance, each.token) not in sent]
        self.old += call.outcomes
        for ticket in tickets:
            self._dispatch(ticket)

    def _dispatch(self, ticket: Ticket) -> None:
        key = (ticket.instance, ticket.token)
        if key in self.journal.known:
            return
        self.journal.known.add(key)
        self.world.ticket_given(ticket)
        self.world.note(f"  {self.name} got {self.world.name_of(ticket.instance)} {ticket.token}")
        begins_at = self.world.clock.at + seconds(self.rng.choice([0.0, 0.0, 0.5]))
        self.processes[key] = Process(
            ticket, behave(self.world.scenario, self.world.dag_of(ticket.run), ticket), begins_at
        )

    # --- Misfortunes

    def _misfortune(self, now: datetime) -> None:
        faults = self.world.faults
        if "evidence" in faults and self.rng.random() < 0.02:
            self.world.note(f"{self.name} dies, and its host says so")
            self.world.add(WatcherActor(self.world, self))
            self._begin()
        elif "silence" in faults and self.rng.random() < 0.01:
            self.world.note(f"{self.name} is gone without a word")
            self._begin()
        elif "isolation" in faults and self.rng.random() < 0.02:
            self.cut_until = now + seconds(self.rng.uniform(5, 90))
            self.world.note(f"{self.name} is cut off until {self.cut_until:%M:%S}")

    def _kill_at(self) -> datetime:
        return self.contact + self.world.leases.isolation_grace - MARGIN

    def _be_cut_off(self, now: datetime) -> None:
        if now >= self._kill_at() and self.processes:
            self.world.note(f"{self.name} kills its processes after {now - self.contact}")
            for process in self.processes.values():
                outcome = process.behaviour.outcome(process.ticket, process.started_at or now, now)
                self.journal.pending.append(
                    replace(outcome, state="failed", cause="isolated", skip=(), xcoms=(), due_at=None)
                )
            self.processes.clear()
        if self.cut_until is not None and now >= self.cut_until:
            self.cut_until = None
            self.renew_at = now


class WatcherActor(Actor):
    """A host that saw a worker's processes end: it replays the journal and reports."""

    def __init__(self, world: World, of: WorkerActor) -> None:
        super().__init__(world, f"watcher of {of.worker[:8]}")
        self.worker = of.worker
        self.journal = of.journal
        self.next_at = world.clock.at + seconds(self.rng.uniform(0, 6))
        self.is_replayed = self.rng.random() < 0.3  # sometimes the disk is lost

    def step(self) -> None:
        world = self.world
        self.next_at = world.clock.at + seconds(2)
        try:
            with world.database.faulty(self.rng, world.faults):
                self._report()
        except Crash:
            return
        world.remove(self)

    def _report(self) -> None:
        world = self.world
        tools: dict[str, Any] = {"graphs": world.graphs, "clock": world.clock, "ids": world.ids}
        if not self.is_replayed and self.journal.pending:
            world.notify(world.write(ends.end, self.journal.pending, **tools).wake)
        with world.database.read() as conn:
            held = {(each.instance, each.token) for each in daemon_statements.held(conn, self.worker)}
        taken = world.write(daemons.report_ended, self.worker, held - self.journal.started, **tools)
        world.notify(taken.wake)


class OperatorActor(Actor):
    """People: they trigger runs and clear tasks; and the processor, which brings new versions."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "operator")
        self.todo: list[tuple[datetime, str, str]] = [
            (world.clock.at + seconds(at), "run", dag_id) for at, dag_id in world.scenario.runs
        ]
        if "clear" in world.scenario.faults:
            self.todo += [(world.clock.at + seconds(self.rng.uniform(5, 60)), "clear", "") for _ in range(3)]
        if "new version" in world.scenario.faults:
            dag = self.rng.choice(world.scenario.dags)
            self.todo.append((world.clock.at + seconds(self.rng.uniform(0, 15)), "version", dag.dag_id))
        self.todo.sort()
        self.made = 0
        self._wait()

    def _wait(self) -> None:
        far = self.world.clock.at + timedelta(days=1)
        self.next_at = self.todo[0][0] if self.todo else far

    def step(self) -> None:
        _, what, dag_id = self.todo.pop(0)
        {"run": self._run, "clear": self._clear, "version": self._version}[what](dag_id)
        self._wait()

    def _run(self, dag_id: str) -> None:
        world = self.world
        self.made += 1
        version = world.current[dag_id]
        world.write(
            runs.create_run,
            version_id=version,
            graph=world.versions[version],
            run_id=f"manual{self.made}",
            run_type="manual",
            logical_date=world.clock.at,
            data_interval_start=None,
            data_interval_end=None,
            conf={},
            triggered_by="cli",
            clock=world.clock,
            ids=world.ids,
        )
        world.notify(["scheduler"])

    def _clear(self, _: str) -> None:
        world = self.world
        with world.database.read() as conn:
            found = list(conn.execute(sa.select(tables.dag_run.c.id).order_by(tables.dag_run.c.id)).scalars())
        if not found:
            return
        run = self.rng.choice(found)
        dag = world.dag_of(run)
        named = descendants(dag, [self.rng.choice(list(dag.tasks))])
        done = world.write(clear.clear, run, named, graphs=world.graphs, clock=world.clock, ids=world.ids)
        world.note(f"operator clears {sorted(named)} of {run % 10000}")
        world.cleared(done.cleared)
        world.cleared_runs.add(run)
        world.notify(["scheduler"])

    def _version(self, dag_id: str) -> None:
        world = self.world
        dag: SimDag = world.versions[world.current[dag_id]]
        more = SimTask("new", 0, upstream=(next(iter(dag.tasks)),))
        world.add_version(replace(dag, tasks=arrange([*dag.tasks.values(), more])))

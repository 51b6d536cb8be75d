"""One seed's world: a database, a virtual clock, actors, and the loop that lets one of them act at a time."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from simulation.actors import Actor, OperatorActor, Process, SchedulerActor, WorkerActor
from simulation.behaviour import behave
from simulation.checker import RUN_ENDS, Checker, Violation
from simulation.faults import SimDatabase
from simulation.scenario import START, Scenario, SimDag
from tradewind.metadata import tables
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.tables import Instant
from tradewind.scheduling.settings import Settings
from tradewind.transitions import calendar, continuing, ends, expansion
from tradewind.transitions.daemons import Leases
from tradewind.transitions.graph import Graphs, descendants
from tradewind.transitions.values import Ticket

P = ParamSpec("P")
Result = TypeVar("Result")
FAULTS_END = timedelta(seconds=45)
PATIENCE = timedelta(seconds=900)
MOST_STEPS = 4000


class SimClock:
    """The virtual clock."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def sql_now(self) -> sa.ColumnElement[Any]:
        return sa.literal(self.at, Instant())


class Complaints(logging.Handler):
    """Errors that the product logs are violations: the reconciler found a bug, or a DAG made a scheduler stumble."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))


class World:
    """Everything there is in one seed's simulation. It is the wake-ups of its actors, too."""

    def __init__(self, scenario: Scenario, database: SimDatabase) -> None:
        self.scenario = scenario
        self.database = database
        self.clock = SimClock()
        self.rng = random.Random(f"world {scenario.seed}")
        self.ids = RandomIds(self.clock.now, random.Random(f"ids {scenario.seed}"))
        self.leases = Leases(duration=timedelta(seconds=12), isolation_grace=timedelta(seconds=60))
        self.settings = Settings(poll_interval=8, renew_every=4, reconcile_interval=24, batch=20, leases=self.leases)
        self.graphs = Graphs(capacity=2, loader=lambda text: self.versions[json.loads(text)])
        self.versions: dict[int, SimDag] = {}
        self.current: dict[str, int] = {}
        self.run_versions: dict[int, int] = {}
        self.trace: list[str] = []
        self.tickets: dict[tuple[int, int], Ticket] = {}
        self.started: set[tuple[int, int]] = set()
        self.attempts: set[tuple[int, int]] = set()
        self.cleared_tokens: dict[int, int] = {}
        self.cleared_runs: set[int] = set()
        self.faults = scenario.faults
        self.checker = Checker(self)
        self._fill()
        self.actors: list[Actor] = []
        self.actors += [SchedulerActor(self, f"scheduler{n}") for n in range(scenario.schedulers)]
        self.actors += [WorkerActor(self, f"worker{n}", slots) for n, slots in enumerate(scenario.workers)]
        self.actors.append(OperatorActor(self))

    def _fill(self) -> None:
        with self.database.transaction() as conn:
            for table in tables.metadata.sorted_tables:
                conn.execute(table.delete())
            pools = [("default_pool", 128), *self.scenario.pools]
            conn.execute(tables.pool.insert(), [{"name": name, "slots": slots} for name, slots in pools])
        for dag in self.scenario.dags:
            self.add_version(dag)

    # --- The loop

    def run(self) -> None:
        """Let the actors act until every run has ended.

        Raises:
            Violation: when an invariant does not hold, or the world does not come to rest.
        """
        complaints = Complaints()
        logger = logging.getLogger("tradewind")
        logger.addHandler(complaints)
        caps = (ends.MOST_ROWS, continuing.MOST_ROWS, expansion.MOST_ROWS)
        if "small cap" in self.faults:
            ends.MOST_ROWS = continuing.MOST_ROWS = expansion.MOST_ROWS = self.rng.randint(2, 5)
        try:
            self._loop(complaints)
            self.checker.at_the_end()
        finally:
            ends.MOST_ROWS, continuing.MOST_ROWS, expansion.MOST_ROWS = caps
            logger.removeHandler(complaints)
            for actor in self.actors:
                if isinstance(actor, SchedulerActor):
                    actor.close()

    def _loop(self, complaints: Complaints) -> None:
        for _ in range(MOST_STEPS):
            if self.clock.at > START + FAULTS_END:
                self.faults = frozenset({"small cap"}) & self.faults
            ready = [actor for actor in self.actors if actor.next_at <= self.clock.at]
            if not ready:
                self.clock.at = min(actor.next_at for actor in self.actors)
                continue
            actor = self.rng.choice(ready)
            self.note(actor.name)
            actor.step()
            self.checker.after_step(actor.name)
            if complaints.found:
                raise Violation(complaints.found[0])
            if self._is_over():
                return
            if self.clock.at > START + PATIENCE:
                break
        waiting = [
            each.name + " " + each.state for each in self.checker.seen.instances.values() if each.state not in RUN_ENDS
        ]
        raise Violation(f"the world did not come to rest by {self.clock.at - START}: {waiting[:8]}")

    def _is_over(self) -> bool:
        if self.clock.at < START + timedelta(seconds=26):
            return False
        operator = next(actor for actor in self.actors if isinstance(actor, OperatorActor))
        runs = self.checker.seen.runs.values()
        return not operator.todo and all(run.state in RUN_ENDS for run in runs)

    # --- What actors use

    def write(self, work: Callable[Concatenate[sa.Connection, P], Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """Call a transition in a writing transaction."""
        return self.database.write(lambda conn: work(conn, *args, **kwargs))

    def notify(self, channels: Iterable[str]) -> None:
        """Wake who listens, unless the wake-up gets lost."""
        woken = frozenset(channels)
        for actor in self.actors:
            if not actor.listens(woken):
                continue
            if "lost wake-up" in self.faults and self.rng.random() < 0.3:
                continue
            actor.next_at = min(actor.next_at, self.clock.at)

    def fileno(self) -> int:
        return -1

    def drain(self) -> frozenset[str]:
        return frozenset()

    def close(self) -> None:
        return

    def add(self, actor: Actor) -> None:
        """Let an actor join."""
        self.actors.append(actor)

    def remove(self, actor: Actor) -> None:
        """Let an actor leave."""
        self.actors.remove(actor)

    def note(self, text: str) -> None:
        """Write a line into the trace."""
        self.trace.append(f"{(self.clock.at - START).total_seconds():9.3f} {text}")

    def add_version(self, dag: SimDag) -> None:
        """Store a version and make it its DAG's current one."""
        version = len(self.versions) + 1
        self.versions[version] = dag
        is_new = dag.dag_id not in self.current
        self.current[dag.dag_id] = version
        first = calendar.to_columns(calendar.next_run(dag, after=None, now=self.clock.at)) if is_new else {}
        values = {
            "dag_id": dag.dag_id,
            "bundle": "b",
            "path": "p.py",
            "version_id": version,
            "is_paused": False,
            "is_active": True,
            "max_active_runs": dag.max_active_runs,
            "max_active_tasks": dag.max_active_tasks,
            **first,
        }
        of_version = {
            "id": version,
            "dag_id": dag.dag_id,
            "number": version,
            "structure_hash": "",
            "source_hash": "",
            "bundle": "b",
            "path": "p.py",
            "serialized": json.dumps(version),
            "created_at": self.clock.at,
        }
        with self.database.transaction() as conn:
            if is_new:
                conn.execute(tables.dag.insert(), values)
            else:
                conn.execute(tables.dag.update().where(tables.dag.c.dag_id == dag.dag_id).values(version_id=version))
            conn.execute(tables.dag_version.insert(), of_version)

    # --- What really happened

    def dag_of(self, run: int) -> SimDag:
        """Return the version of a run."""
        if run not in self.run_versions:
            with self.database.calm() as conn:
                self.run_versions.update(
                    (row[0], row[1])
                    for row in conn.execute(sa.select(tables.dag_run.c.id, tables.dag_run.c.version_id))
                )
        return self.versions[self.run_versions[run]]

    def live_processes(self) -> list[Process]:
        """Return all processes whose user code is running somewhere."""
        return [each for actor in self.actors if isinstance(actor, WorkerActor) for each in actor.live()]

    def process_started(self, process: Process) -> None:
        """Check the start of user code.

        Raises:
            Violation: when the try started before, or another try of the task is running.
        """
        if process.key in self.started:
            raise Violation(f"{process} starts twice")
        self.started.add(process.key)
        attempt = (process.ticket.instance, process.ticket.try_number)
        if attempt in self.attempts:
            raise Violation(f"{process} starts try {process.ticket.try_number}, which was started before")
        if process.behaviour.state != "up_for_reschedule":
            self.attempts.add(attempt)
        others = [
            each for each in self.live_processes() if each.ticket.instance == process.key[0] and each is not process
        ]
        if others:
            raise Violation(f"{process} starts while {others[0]} is running")

    def ticket_given(self, ticket: Ticket) -> None:
        """Check a ticket: its try number counts the attempts before it.

        Raises:
            Violation: when it does not.
        """
        self.tickets[ticket.instance, ticket.token] = ticket
        t = tables.task_try.c
        query = sa.select(sa.func.count()).where(
            t.instance == ticket.instance, t.state != "up_for_reschedule", t.try_number > 0, t.token < ticket.token
        )
        with self.database.calm() as conn:
            before = conn.execute(query).scalar_one()
        if ticket.try_number != before + 1:
            raise Violation(f"{ticket} is try {ticket.try_number}, but {before} were consumed before")

    def name_of(self, instance: int) -> str:
        """Return the name of an instance, for the trace."""
        seen = self.checker.seen.instances.get(instance)
        return str(instance) if seen is None else seen.name

    def cleared(self, instances: Iterable[int]) -> None:
        """Remember the tokens of instances that were cleared: what was tried before does not count any more."""
        t = tables.task_instance.c
        with self.database.calm() as conn:
            found = conn.execute(sa.select(t.id, t.token).where(t.id.in_(list(instances))))
            self.cleared_tokens.update((row[0], row[1]) for row in found)

    def skipped_by(self, dag: SimDag, instance: int, token: int) -> set[str]:
        """Return the tasks that a recorded try skipped by name."""
        ticket = self.tickets.get((instance, token))
        if ticket is None:
            return set()
        behaviour = behave(self.scenario, dag, ticket)
        return descendants(dag, behaviour.skip) if behaviour.skip_all else set(behaviour.skip)

    def pushed_length(self, instance: int, token: int) -> int:
        """Return the length of what a recorded try pushed."""
        ticket = self.tickets[instance, token]
        return behave(self.scenario, self.dag_of(ticket.run), ticket).length

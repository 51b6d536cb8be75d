"""One seed's world: a database, a virtual clock, actors, and the loop that draws who acts next."""

from __future__ import annotations

import json
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from simulation import processor
from simulation.actors import Actor
from simulation.asset_watchers import WatchingActor
from simulation.baton import Baton, Turn
from simulation.behaviour import behave
from simulation.calling import Account, CallerActor
from simulation.checker import RUN_ENDS, WOKEN, Checker
from simulation.faults import SimDatabase, gone_error
from simulation.operators import OperatorActor
from simulation.scenario import START, Scenario, SimDag, Station
from simulation.schedulers import SchedulerActor
from simulation.statement_log import StatementLog
from simulation.triggerers import TriggererActor
from simulation.violation import Violation
from simulation.watch_backfills import of_backfills
from simulation.watch_markers import Crossing
from simulation.watching import Calm, TrySeen, drained_hosts, tries
from simulation.workers import ISOLATED, HostActor, Process, WorkerActor
from tradewind.metadata import tables
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements.retention import Limits
from tradewind.metadata.tables import EPOCH, MICROSECOND, Instant
from tradewind.scheduling.settings import Settings
from tradewind.transitions import continuing, ends, expansion
from tradewind.transitions.daemons import Leases
from tradewind.transitions.graph import Graphs, descendants
from tradewind.transitions.values import Claimer, EndResult, Outcome, Ticket

P = ParamSpec("P")
Result = TypeVar("Result")
FAULTS_END = timedelta(seconds=45)
NO_END_BEFORE = timedelta(seconds=26)
PATIENCE = timedelta(seconds=3600)  # one slot, and tasks that outlast an outage, one after the other
MOST_PICKS = 40_000
_COUNT_ANEW = {
    "sqlite": "DELETE FROM sqlite_sequence",
    "postgresql": "TRUNCATE callback RESTART IDENTITY",
    "mariadb": "ALTER TABLE callback AUTO_INCREMENT = 1",
}
"""What has the database count callbacks from 1 again: their numbers stand in the log of a seed."""


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
    """Everything there is in one seed's simulation. It is the wake-ups of its actors, too.

    Arguments:
        scenario: what the seed stands for.
        database: where it is played.
        calm: the checker's connection to it.
        log: gets every statement.
        patience: how much virtual time may pass until the world is at rest.
    """

    def __init__(
        self,
        scenario: Scenario,
        database: SimDatabase,
        calm: Calm,
        log: StatementLog,
        *,
        patience: timedelta = PATIENCE,
    ) -> None:
        self.scenario = scenario
        self.patience = patience
        self.against_locks: list[str] = []
        self.database = database
        self.calm = calm
        self.log = log
        self.clock = SimClock()
        self.rng = random.Random(f"world {scenario.seed}")
        self.baton = Baton(random.Random(f"baton {scenario.seed}"), scenario.eagerness)
        self.ids = RandomIds(self.clock.now, random.Random(f"ids {scenario.seed}"))
        self.leases = Leases(duration=timedelta(seconds=18), isolation_grace=timedelta(seconds=90))
        self.settings = Settings(poll_interval=12, renew_every=6, reconcile_interval=36, batch=20, leases=self.leases)
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
        self.timed_out: set[int] = set()
        self.stopped: dict[int, int] = {}
        self.unpaused: set[str] = set()
        self.marking: int | None = None
        self.marked_runs: set[int] = set()
        self.overruled: set[tuple[int, int]] = set()
        self.asking: dict[str, tuple[int, int]] = {}
        self.crossing: Crossing | None = None
        self.names: dict[str, str] = {}
        self.renaming = False
        self.cleaning: tuple[str, int, Limits] | None = None
        self.emptied: set[int] = set()
        self.told_sightings: set[tuple[str, int]] = set()
        self.faults = scenario.faults
        self.fired: Counter[str] = Counter()
        self.commits = 0
        self.commits_of: Counter[str] = Counter()
        self.is_down = False
        self.weather = sorted(scenario.outages)
        self.up_again: datetime | None = None
        self.down_since = self.clock.at
        self.checker = Checker(self)
        self._fill()
        self.actors: list[Actor] = []
        self.actors += [SchedulerActor(self, f"scheduler{n}") for n in range(scenario.schedulers)]
        for n, station in enumerate(scenario.workers):
            worker = WorkerActor(self, f"worker{n}", station)
            self.actors += [worker, HostActor(self, f"host{n}", worker)]
        self.account = Account(self)
        self.has_callbacks = scenario.has_callbacks
        if self.has_callbacks:
            workers = [each for each in self.actors if isinstance(each, WorkerActor)]
            self.actors += [CallerActor(self, f"caller{n}", each) for n, each in enumerate(workers)]
        self.actors += [TriggererActor(self, f"triggerer{n}") for n in range(2 if scenario.defers else 0)]
        self.actors += [WatchingActor(self, f"triggerer{n}") for n in range(2 if scenario.sightings else 0)]
        self.operator = OperatorActor(self)
        self.actors.append(self.operator)

    def _fill(self) -> None:
        self.database.play(None)
        with self.database.transaction() as conn:
            for table in tables.metadata.sorted_tables:
                conn.execute(table.delete())
            conn.exec_driver_sql(_COUNT_ANEW[self.database.dialect])
            pools = [("default_pool", 128), *self.scenario.pools]
            conn.execute(tables.pool.insert(), [{"name": name, "slots": slots} for name, slots in pools])
            for dag in self.scenario.dags:
                self.add_version(conn, dag)

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
        self.database.play(self)
        try:
            self._loop(complaints)
            self.checker.at_the_end()
        finally:
            self._clean_up()
            ends.MOST_ROWS, continuing.MOST_ROWS, expansion.MOST_ROWS = caps
            logger.removeHandler(complaints)

    def _clean_up(self) -> None:
        self.baton.is_over = True
        self._hang_up_parked()
        self.baton.end_all()
        self.database.play(None)
        for actor in self.actors:
            actor.close()

    def _loop(self, complaints: Complaints) -> None:
        for _ in range(MOST_PICKS):
            if self.clock.at > START + FAULTS_END:
                self.faults = frozenset({"small cap"}) & self.faults
            choices = self._choices()
            if not choices:
                self._advance()
                continue
            self._let_act(self.baton.rng.choice(choices))
            if found := complaints.found or self.against_locks:
                raise Violation(found[0])
            if self._is_over():
                return
            if self.clock.at > START + self.patience:
                break
        waiting = [
            each.name + " " + each.state for each in self.checker.seen.instances.values() if each.state not in RUN_ENDS
        ]
        raise Violation(f"the world did not come to rest by {self.clock.at - START}: {waiting[:8]}")

    def _choices(self) -> list[Actor | Turn]:
        now = self.clock.at
        idle: list[Actor | Turn] = [actor for actor in self.actors if not actor.is_busy and actor.next_at <= now]
        return idle + [
            turn
            for turn in self.baton.turns
            if (turn.sending is None or turn.sending.is_done)
            and (turn.stalled_until is None or turn.stalled_until <= now)
        ]

    def _let_act(self, chosen: Actor | Turn) -> None:
        if isinstance(chosen, Turn):
            self.baton.resume(chosen)
            return
        self.note(chosen.name)
        turn = Turn(chosen.name, chosen.act)
        turn.step_at = self.commits
        self.baton.start(turn)

    def _advance(self) -> None:
        """Move the clock to the next moment at which anybody acts, or the database comes or goes."""
        if self.scenario.is_calm and not self.baton.turns:
            self.count(WOKEN)
            self.checker.when_calm()
        moments = [actor.next_at for actor in self.actors if not actor.is_busy]
        moments += [turn.stalled_until for turn in self.baton.turns if turn.stalled_until is not None]
        moments += [START + timedelta(seconds=at) for at, _ in self.weather[:1]]
        moments = [moment for moment in moments if moment > self.clock.at]
        if not moments:
            raise Violation(f"everybody waits for a lock: {[turn.name for turn in self.baton.turns]}")
        self.clock.at = min(moments)
        if self.weather and START + timedelta(seconds=self.weather[0][0]) <= self.clock.at:
            _, self.is_down = self.weather.pop(0)
            self._turn_weather()

    def _turn_weather(self) -> None:
        self.note("the database is gone" if self.is_down else "the database is back")
        self.log.event("database", "is gone" if self.is_down else "is back")
        if not self.is_down:
            # Whether a shorter one cost anybody his lease depends on when he renewed it last
            if self.clock.at - self.down_since >= self.leases.duration:
                self.up_again = self.clock.at
            return
        self.down_since = self.clock.at
        self._hang_up_parked()
        for turn in self.baton.turns:
            turn.is_disturbed = True  # one that waits for a lock is told by the end of its statement
            self.database.hang_up(turn)

    def _hang_up_parked(self) -> None:
        waits = self.database.waits
        for turn in list(waits.parked) if waits is not None else ():
            waits.hang_up(turn, gone_error(self.database.dialect))

    def _is_over(self) -> bool:
        if self.clock.at < START + NO_END_BEFORE or self.baton.turns:
            return False
        if self.operator.todo or (self.scenario.news and self.checker.assets.has_work(self.calm)):
            return False
        if self.has_callbacks and not self.account.is_settled():
            return False
        return self.checker.is_all_over()

    # --- What actors use

    def write(self, work: Callable[Concatenate[sa.Connection, P], Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """Call a transition in a writing transaction."""
        return self.database.write(lambda conn: work(conn, *args, **kwargs))

    def end(self, outcomes: Sequence[Outcome], *, claimer: Claimer | None = None) -> EndResult:
        """Report outcomes as a worker does."""
        return self.write(
            ends.end,
            outcomes,
            graphs=self.graphs,
            clock=self.clock,
            ids=self.ids,
            claimer=claimer,
            fast_follow=self.scenario.fast_follow,
        )

    def notify(self, channels: Iterable[str]) -> None:
        """Wake who listens, unless the wake-up gets lost."""
        woken = frozenset(channels)
        if self.is_down:
            return
        for actor in self.actors:
            if not actor.listens(woken):
                continue
            if "lost wake-up" in self.faults and self.rng.random() < 0.3:
                if actor.is_busy or actor.next_at > self.clock.at:  # whoever acts now anyway has lost nothing
                    self.count("lost wake-up")
                continue
            actor.wake()

    def fileno(self) -> int:
        return -1

    def drain(self) -> frozenset[str]:
        return frozenset()

    def close(self) -> None:
        return

    def station_of(self, name: str) -> Station:
        """Return what the worker of this name announces."""
        return next(each.station for each in self.actors if isinstance(each, WorkerActor) and each.name == name)

    def has_free_slot(self, executor: str, queue: str) -> bool:
        """Whether a worker could take a try of this executor and queue now."""
        drained = drained_hosts(self.calm)
        workers = [each for each in self.actors if isinstance(each, WorkerActor) and each.name not in drained]
        return any(
            each.free > 0 and each.station.executor == executor and each.station.serves(queue) for each in workers
        )

    def host_of(self, worker: WorkerActor) -> Actor:
        """Return the host of a worker."""
        return next(each for each in self.actors if isinstance(each, HostActor) and each.worker is worker)

    def add(self, actor: Actor) -> None:
        """Let an actor join."""
        self.actors.append(actor)

    def remove(self, actor: Actor) -> None:
        """Let an actor leave."""
        self.actors.remove(actor)

    def note(self, text: str) -> None:
        """Write a line into the trace."""
        self.trace.append(f"{(self.clock.at - START).total_seconds():9.3f} {text}")

    def count(self, fault: str) -> None:
        """Count that a fault really struck."""
        self.fired[fault] += 1

    def committed(self, turn: Turn) -> None:
        """Look at everything after a commit that changed something."""
        self.commits += 1
        self.commits_of[turn.name] += 1
        if turn.is_judging:
            turn.is_judging = False
            self.check(self.checker.after_judgement)
        if not turn.is_in_doubt:
            return
        turn.is_in_doubt = False
        self.check(lambda: self.checker.after_commit(turn))

    def check(self, look: Callable[[], None]) -> None:
        """Call a check; what it finds ends the seed, past everything in the product that might catch it."""
        try:
            look()
        except Violation as violation:
            self.baton.stop(violation)

    def deadlock(self, names: list[str]) -> None:
        """Stop at a cycle of waits: the order of locks was not kept."""
        self.baton.stop(Violation("deadlock: " + " | ".join(names)))

    def add_version(self, conn: sa.Connection, dag: SimDag) -> int:
        """Store a version as its DAG's current one, and return its id."""
        version = len(self.versions) + 1
        self.versions[version] = dag
        is_new = dag.dag_id not in self.current
        self.current.setdefault(dag.dag_id, version)
        processor.store(conn, dag, version, now=self.clock.at, is_new=is_new)
        return version

    def now_stored(self) -> int:
        """Return the virtual time as the database keeps it."""
        return (self.clock.at - EPOCH) // MICROSECOND

    # --- What really happened

    def dag_of(self, run: int) -> SimDag:
        """Return the version of a run."""
        if run not in self.run_versions:
            self.run_versions.update(self.calm.rows("SELECT id, version_id FROM dag_run"))
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
        if process.behaviour.state not in {"up_for_reschedule", "deferred"}:
            self.attempts.add(attempt)
        others = [
            each
            for each in self.live_processes()
            if each.ticket.instance == process.key[0] and each is not process
            if each.ticket.run not in self.timed_out and each.key not in self.overruled
        ]
        if others:
            raise Violation(f"{process} starts while {others[0]} is running")

    def ticket_given(self, ticket: Ticket) -> None:
        """Check a ticket: its try number counts the attempts before it.

        Raises:
            Violation: when it does not.
        """
        self.tickets[ticket.instance, ticket.token] = ticket
        ended = [each for each in tries(self.calm) if each.instance == ticket.instance and each.token < ticket.token]
        before = sum(each.is_consumed for each in ended)
        if ticket.try_number != before + 1:
            raise Violation(f"{ticket} is try {ticket.try_number}, but {before} were consumed before")
        self._require_pause(ticket, ended)
        if self.scenario.defers:
            self._require_resumption(ticket, ended)

    def _require_resumption(self, ticket: Ticket, ended: list[TrySeen]) -> None:
        """A try whose last piece that began was deferred goes on with what its trigger found; no other does."""
        pieces = [each for each in ended if each.token > self.cleared_tokens.get(ticket.instance, -1)]
        is_resumed = bool(pieces) and pieces[-1].state == "deferred"
        text = f"SELECT token, ending FROM deferral WHERE instance = {ticket.instance}"
        found = [row for row in self.calm.rows(text) if row[0] + 1 == ticket.token]
        if is_resumed != bool(found) or (found and found[0][1] is None):
            raise Violation(
                f"{ticket} was dispatched with {found} to go on with, after {[each.state for each in pieces]}"
            )

    def _require_pause(self, ticket: Ticket, ended: list[TrySeen]) -> None:
        if not ended or ended[-1].token <= self.cleared_tokens.get(ticket.instance, -1):
            return
        delay = self.dag_of(ticket.run).tasks[ticket.task_id].retry_delay
        if ended[-1].state in {"failed", "lost"} and self.now_stored() < ended[-1].ended_at + delay * 1_000_000:
            raise Violation(f"{ticket} was retried before its delay of {delay} s was over")

    def may_follow(self, ended: TrySeen) -> bool:
        """Whether another try may follow one that was recorded, if any is left."""
        if ended.state == "lost" or ended.cause == ISOLATED:
            return True
        ticket = self.tickets.get((ended.instance, ended.token))
        if ended.state != "failed" or ticket is None:
            return False
        return behave(self.scenario, self.dag_of(ticket.run), ticket).retry

    def called(self, dag_id: str) -> str:
        """Return what a DAG is called now."""
        return self.names.get(dag_id, dag_id)

    def backfilled(self) -> set[int]:
        """Return the runs that a backfill is at."""
        return of_backfills(self.calm) if "backfill" in self.scenario.features else set()

    def name_of(self, instance: int) -> str:
        """Return the name of an instance, for the trace."""
        seen = self.checker.seen.instances.get(instance)
        return str(instance) if seen is None else seen.name

    def cleared(self, instances: Iterable[int]) -> None:
        """Remember the tokens of instances that were cleared: what was tried before does not count any more.

        Raises:
            Violation: when one still has the token of a try.
        """
        wanted = set(instances)
        found = {row[0]: row[1] for row in self.calm.rows("SELECT id, token FROM task_instance") if row[0] in wanted}
        for each in tries(self.calm):
            if each.token >= found.get(each.instance, each.token + 1):
                raise Violation(f"{self.name_of(each.instance)} was cleared and still has token {each.token} of a try")
        self.cleared_tokens.update(found)

    def skipped_by(self, dag: SimDag, instance: int, token: int) -> set[str]:
        """Return the tasks that a recorded try skipped by name."""
        ticket = self.tickets.get((instance, token))
        if ticket is None:
            return set()
        behaviour = behave(self.scenario, dag, ticket)
        if not behaviour.skip_all:
            return set(behaviour.skip)
        return {name for name in descendants(dag, behaviour.skip) if not dag.tasks[name].is_teardown}

    def pushed_length(self, instance: int, token: int) -> int:
        """Return the length of what a recorded try pushed."""
        ticket = self.tickets[instance, token]
        return behave(self.scenario, self.dag_of(ticket.run), ticket).length

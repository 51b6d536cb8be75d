"""A worker's lifecycle by direct calls to the metadata database: for workers that are trusted with it."""

from __future__ import annotations

import os
import socket
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tradewind.config import Config
from tradewind.execution.answers import Answers
from tradewind.execution.callback_fields import callback_fields
from tradewind.execution.deferral_rows import encrypted, resumptions
from tradewind.execution.instants import microseconds
from tradewind.execution.lifecycle import Exchange, Lease, Refusal, Unreachable
from tradewind.execution.log_stores import open_log_store
from tradewind.execution.maintenance import Maintenance
from tradewind.execution.messages import Reply, Request, Start
from tradewind.execution.other_dags import OtherDags
from tradewind.execution.settings import WorkerSettings, spool_path
from tradewind.execution.shelf import Shelf
from tradewind.execution.versions import VersionFiles, VersionStore, VersionUnavailable
from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import Ids
from tradewind.metadata.secrets import Cipher, open_cipher
from tradewind.metadata.statements import sources, tickets, xcoms
from tradewind.metadata.wakeups import SCHEDULER, Wakeups, worker_channel
from tradewind.plugins.named_xcoms import open_xcom_storages
from tradewind.plugins.secrets import configured_secrets
from tradewind.transitions import callbacks, claims, daemons, ends
from tradewind.transitions.callbacks import CallbackResult, ClaimedCallback
from tradewind.transitions.claims import Taken
from tradewind.transitions.daemons import Leases
from tradewind.transitions.graph import Graphs
from tradewind.transitions.states import TaskState
from tradewind.transitions.values import Answer, Claimer, EndResult, Outcome, Ticket

RUNS_KEPT = 1000
VERSIONS_KEPT = 1000
Key = TypeVar("Key")
Found = TypeVar("Found")


class DirectLifecycle:
    """See `TaskLifecycle`. Used by one thread.

    Arguments:
        settings: of the worker.
        config: for the answers to tasks and for leases.
        database: the metadata database.
        graphs: the versions, for the transitions.
        clock: of production or of a simulation.
        ids: draws ids.
        wakeups: wakes other daemons after commits; None wakes nobody.
        tools: what does not depend on the worker, where it serves many; made here by default.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        config: Config,
        database: Database,
        *,
        graphs: Graphs,
        clock: Clock,
        ids: Ids,
        wakeups: Wakeups | None = None,
        tools: Tools | None = None,
    ) -> None:
        self._settings = settings
        self._config = config
        self._database = database
        self._graphs = graphs
        self._clock = clock
        self._ids = ids
        self._wakeups = wakeups
        self._leases = Leases.of(config.leases)
        tools = tools or Tools.open(settings, config, database, graphs=graphs, clock=clock, ids=ids, wake=self._notify)
        self._cipher, self._shelf, self._answers, self._starts = tools.cipher, tools.shelf, tools.answers, tools.starts
        self._unprepared: dict[tuple[int, int], Ticket] = {}  # an exchange that is repeated brings the same ones again
        self._unanswered: str | None = None

    def register(self) -> None:
        """See `TaskLifecycle.register`."""
        self.register_at(socket.gethostname(), os.getpid())

    def register_at(self, host: str, pid: int) -> None:
        """Announce the worker of this host and process."""
        settings = self._settings

        def work(conn: sa.Connection) -> None:
            daemons.register(
                conn,
                daemon_id=settings.worker,
                kind=daemons.WORKER,
                host=host,
                pid=pid,
                clock=self._clock,
                leases=self._leases,
                executor=settings.executor,
                queues=settings.queues,
                slots=settings.slots if settings.offers_slots else None,
            )

        with reaching():
            self._database.write(work)
            self._notify({SCHEDULER})  # what waited for room may be admitted now

    def exchange(self, outcomes: Sequence[Outcome], free: int, nonce: str) -> Exchange:
        """See `TaskLifecycle.exchange`."""
        answers: tuple[Answer, ...] = ()
        is_repeated, self._unanswered = self._unanswered == nonce, nonce
        has_callbacks = False
        with reaching():
            if is_repeated:
                self._keep_claimed(self._claimed_before(nonce))
            free -= len(self._unprepared)
            claimer = self._claimer(free, nonce) if free > 0 else None
            if outcomes:
                result = self._end(outcomes, claimer)
                answers, has_callbacks = result.answers, result.has_callbacks
                self._keep_claimed(result.tickets)
                self._wake(result, free)
            elif claimer is not None:
                taken = self._take(claimer)
                has_callbacks = taken.has_callbacks
                self._keep_claimed(taken.tickets)
            starts, refusals = self._starts.prepare(list(self._unprepared.values()))
            self._unprepared = {}
        self._unanswered = None
        return Exchange(answers, starts, refusals, has_callbacks)

    def resume(self, nonce: str, claimed: Sequence[Ticket], *, is_repeated: bool) -> None:
        """Take up an exchange of which another lifecycle of this worker may have done a part.

        Arguments:
            nonce: of the exchange that is made next.
            claimed: tries that are this worker's without its knowing it; they come with that exchange.
            is_repeated: whether it was asked for before.
        """
        self._unanswered = nonce if is_repeated else None
        self._keep_claimed(claimed)

    def _keep_claimed(self, claimed: Sequence[Ticket]) -> None:
        self._unprepared.update({(each.instance, each.token): each for each in claimed})

    def _end(self, outcomes: Sequence[Outcome], claimer: Claimer | None) -> EndResult:
        recorded = [encrypted(self._shelf.put_all(outcome), self._cipher) for outcome in outcomes]
        result = self._database.write(
            lambda conn: ends.end(
                conn,
                recorded,
                graphs=self._graphs,
                clock=self._clock,
                ids=self._ids,
                claimer=claimer,
                fast_follow=self._config.scheduler.fast_follow,
            ),
            collisions=True,
        )
        for outcome in outcomes:
            self._shelf.forget_all(outcome)
        self._shelf.sweep({(each.instance, each.token) for each in outcomes if each.state == TaskState.FAILED})
        return result

    def _claimer(self, free: int, nonce: str) -> Claimer:
        return Claimer(self._settings.worker, self._settings.executor, free, nonce, self._settings.queues)

    def _take(self, claimer: Claimer) -> Taken:
        return self._database.write(lambda conn: claims.take(conn, claimer, most=claimer.free, clock=self._clock))

    def _claimed_before(self, nonce: str) -> tuple[Ticket, ...]:
        """Return what was claimed by an exchange whose answer got lost, however many slots are free by now."""
        return self._database.write(lambda conn: claims.reclaim(conn, self._settings.worker, nonce))

    def _wake(self, result: EndResult, free: int) -> None:
        """Wake who has work now; not ourselves when our claim had room left, so that nothing is left to claim."""
        others = set(result.wake)
        if len(result.tickets) < free:
            others.discard(worker_channel(self._settings.executor))
        self._notify(others)

    def _notify(self, channels: set[str]) -> None:
        if channels and self._wakeups is not None:
            self._wakeups.notify(channels)

    def renew(self, *, with_tries: bool = True) -> Lease:
        """See `TaskLifecycle.renew`."""

        def work(conn: sa.Connection) -> Lease:
            is_alive = daemons.renew(conn, self._settings.worker, clock=self._clock, leases=self._leases)
            if not with_tries:
                return Lease(is_alive, frozenset())
            held, has_callbacks = tickets.held_by(conn, self._settings.worker, self._clock.now())
            return Lease(is_alive, frozenset(held), has_callbacks)

        with reaching():
            return self._database.write(work)

    def answer(self, start: Start, request: Request) -> tuple[Reply, list[str]]:
        """See `TaskLifecycle.answer`."""
        with reaching():
            return self._answers.answer(start, request)

    def claim_callbacks(self, most: int) -> tuple[Start, ...]:
        """See `TaskLifecycle.claim_callbacks`."""
        settings = self._settings
        claim = partial(
            callbacks.claim, worker=settings.worker, most=most, patience=settings.patience, clock=self._clock
        )
        with reaching():
            claimed = self._database.write(claim)
            starts, refused = self._starts.prepare_callbacks(claimed)
        for result in refused:
            self.report_callback(result)
        return starts

    def report_callback(self, result: CallbackResult) -> None:
        """See `TaskLifecycle.report_callback`."""
        report = partial(callbacks.report, result=result, patience=self._settings.patience, clock=self._clock)
        with reaching():
            self._database.write(report)

    def leave(self, cause: str) -> None:
        """See `TaskLifecycle.leave`."""
        with reaching():
            self._database.write(lambda conn: daemons.end_daemon(conn, self._settings.worker, cause, clock=self._clock))


@contextmanager
def reaching() -> Iterator[None]:
    """Turn what the drivers raise when the database cannot be asked into `Unreachable`."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise Unreachable(" ".join(str(getattr(error, "orig", error)).split())[:300]) from error


@dataclass(frozen=True)
class Tools:
    """What a lifecycle works with that does not depend on which worker it is for. Used by one thread at a time."""

    cipher: Cipher
    shelf: Shelf
    answers: Answers
    starts: StartMessages

    @classmethod
    def open(
        cls,
        settings: WorkerSettings,
        config: Config,
        database: Database,
        *,
        graphs: Graphs,
        clock: Clock,
        ids: Ids,
        wake: Callable[[set[str]], None],
        shelf: Shelf | None = None,
        maintenance: Maintenance | None = None,
        starts: Callable[..., StartMessages] | None = None,
    ) -> Tools:
        """Open the tools of an installation; arguments as of `DirectLifecycle` and `OtherDags`.

        Arguments:
            shelf, maintenance, starts: in place of those that a worker on its own host has.
        """
        cipher = open_cipher(config.security.fernet_key, config.home)
        shelf = shelf or Shelf.open(config)
        answers = Answers(
            database,
            config,
            cipher,
            secrets=configured_secrets(config.plugins),
            shelf=shelf,
            clock=clock,
            others=OtherDags(database, config, graphs=graphs, clock=clock, ids=ids, wake=wake),
            maintenance=maintenance or open_maintenance(config, database, clock),
        )
        return cls(cipher, shelf, answers, (starts or StartMessages)(settings, database, graphs, cipher))


def open_maintenance(config: Config, database: Database, clock: Clock) -> Maintenance:
    """Return what removes what is over."""
    return Maintenance(
        database,
        config,
        storage=open_xcom_storages(config),
        open_logs=partial(open_log_store, config),
        clock=clock,
    )


class StartMessages:
    """Makes start messages of tickets; runs and versions are read once and kept."""

    def __init__(self, settings: WorkerSettings, database: Database, graphs: Graphs, cipher: Cipher) -> None:
        self._cipher = cipher
        self._settings = settings
        self._database = database
        self._graphs = graphs
        self._versions = VersionStore(settings.versions)
        self._host = socket.gethostname()
        self._spool = str(spool_path(settings.home))
        self._runs: OrderedDict[int, Any] = OrderedDict()
        self._sources: OrderedDict[int, Any] = OrderedDict()
        self._isolations: OrderedDict[int, dict[str, str]] = OrderedDict()

    def prepare(self, claimed: Sequence[Ticket]) -> tuple[tuple[Start, ...], tuple[Refusal, ...]]:
        """Return the start of each ticket, or why it cannot be started here.

        Raises:
            sqlalchemy.exc.DBAPIError: the database could not be asked; nothing is lost by asking again.
        """
        if not claimed:
            return (), ()
        self._keep_of(claimed)
        starts: list[Start] = []
        refusals: list[Refusal] = []
        resumed = self._resumptions([each for each in claimed if each.token > 1])
        for ticket in claimed:
            try:
                starts.append(self._start(ticket, resumed.get(ticket.instance, {})))
            except (VersionUnavailable, LookupError) as error:
                refusals.append(Refusal(ticket, str(error)))
        self._clear_earlier([each for each in claimed if each.token > 1 and each.instance not in resumed])
        return tuple(starts), tuple(refusals)

    def prepare_callbacks(
        self, claimed: Sequence[ClaimedCallback]
    ) -> tuple[tuple[Start, ...], tuple[CallbackResult, ...]]:
        """Return the start of each callback, or why its code cannot be had here; raises as `prepare`."""
        if not claimed:
            return (), ()
        self._keep_of([each.ticket for each in claimed])
        starts: list[Start] = []
        refused: list[CallbackResult] = []
        for each in claimed:
            try:
                starts.append(replace(self._start(each.ticket, {}), callback=callback_fields(each.owed)))
            except (VersionUnavailable, LookupError) as error:
                owed = each.owed
                refused.append(CallbackResult(owed.id, owed.token, owed.done, str(error), owed.attempts))
        return tuple(starts), tuple(refused)

    def _keep_of(self, claimed: Sequence[Ticket]) -> None:
        self._keep(self._runs, {each.run for each in claimed}, tickets.read_runs, RUNS_KEPT)
        self._keep(self._sources, {each.version_id for each in claimed}, tickets.read_versions, VERSIONS_KEPT)

    def _keep(
        self,
        kept: OrderedDict[int, Any],
        wanted: Iterable[int],
        read: Callable[[sa.Connection, Sequence[int]], Sequence[Any]],
        most: int,
    ) -> None:
        missing = sorted(key for key in wanted if key not in kept)
        if missing:
            with self._database.read() as conn:
                kept.update((row.id, row) for row in read(conn, missing))
            while len(kept) > most:
                kept.popitem(last=False)

    def _resumptions(self, again: Sequence[Ticket]) -> dict[int, dict[str, Any]]:
        if not again:
            return {}
        with self._database.read() as conn:
            return resumptions(conn, again, self._cipher)

    def _start(self, ticket: Ticket, resumption: dict[str, Any]) -> Start:
        run = self._runs.get(ticket.run)
        version = self._sources.get(ticket.version_id)
        if run is None or version is None:
            raise VersionUnavailable("its run or its version was deleted from the database")
        files = self.files(version.source_hash)
        return start_message(
            ticket,
            run,
            source_hash=version.source_hash,
            files=files,
            waiting_since=self._waiting_since(ticket),
            hostname=self._host,
            live_folder=self._settings.live_folder,
            isolation=self._isolation(ticket),
            memory_limit=self._settings.task_memory,
            spool=self._spool,
            inline=self._settings.max_inline,
            conf_overrides_params=self._settings.conf_overrides_params,
            **resumption,
        )

    def _isolation(self, ticket: Ticket) -> str:
        """Return what the task itself asks for; else what the configuration says."""
        named = self._isolations.get(ticket.version_id)
        if named is None:
            with self._database.read() as conn:
                graph: Any = self._graphs.get(conn, ticket.version_id)
            named = {task_id: task.isolation for task_id, task in graph.tasks.items() if task.isolation is not None}
            self._isolations[ticket.version_id] = named
            while len(self._isolations) > VERSIONS_KEPT:
                self._isolations.popitem(last=False)
        return named.get(ticket.task_id) or self.isolation()

    def isolation(self) -> str:
        """Return how tries run whose task does not say it."""
        return "fresh" if self._settings.is_fresh else "fork"

    def files(self, source_hash: str) -> VersionFiles:
        """Return the files of a version, made on this host if need be."""

        def read(hashes: Iterable[str]) -> dict[str, bytes]:
            with self._database.read() as conn:
                return sources.read_blobs(conn, hashes)

        return self._versions.materialise(source_hash, read)

    def _waiting_since(self, ticket: Ticket) -> datetime | None:
        if ticket.token <= ticket.try_number:
            return None
        with self._database.read() as conn:
            return tickets.first_start_of_try(conn, ticket.instance, ticket.try_number)

    def _clear_earlier(self, again: Sequence[Ticket]) -> None:
        """Remove what earlier tries pushed: a try starts with no XComs of its own."""
        if again:
            owners = [(each.run, each.task_id, each.map_index) for each in again]
            self._database.write(lambda conn: xcoms.forget(conn, owners))


def start_message(
    ticket: Ticket,
    run: Any,
    *,
    source_hash: str,
    files: VersionFiles,
    waiting_since: datetime | None,
    hostname: str,
    **settings: Any,
) -> Start:
    """Return what a try's process is told.

    Arguments:
        run: a row of `statements.tickets.read_runs`.
        files: the code.
        waiting_since: when a rescheduled sensor's try first looked.
        settings: fields of the message that come from the worker's configuration.
    """
    return Start(
        instance=ticket.instance,
        token=ticket.token,
        try_number=ticket.try_number,
        max_tries=ticket.max_tries,
        dag_id=ticket.dag_id,
        run_id=ticket.run_id,
        task_id=ticket.task_id,
        map_index=ticket.map_index,
        run=ticket.run,
        run_type=run.run_type,
        logical_date=microseconds(run.logical_date),
        data_interval_start=microseconds(run.data_interval_start),
        data_interval_end=microseconds(run.data_interval_end),
        run_started_at=microseconds(run.started_at),
        conf=run.conf,
        version_id=ticket.version_id,
        source_hash=source_hash,
        root=str(files.root),
        path=files.path,
        waiting_since=microseconds(waiting_since),
        hostname=hostname,
        **settings,
    )

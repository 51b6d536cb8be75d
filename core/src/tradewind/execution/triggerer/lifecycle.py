"""What a triggerer needs of the metadata database, by direct calls; used by one thread."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tradewind.config import Config
from tradewind.execution.answers import Answered, Answers
from tradewind.execution.direct_lifecycle import reaching, start_message
from tradewind.execution.messages import Request, Start
from tradewind.execution.other_dags import OtherDags
from tradewind.execution.results import load
from tradewind.execution.shelf import Shelf
from tradewind.execution.triggerer.process import Source
from tradewind.execution.versions import VersionFiles, VersionStore, VersionUnavailable
from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import Ids
from tradewind.metadata.secrets import SecretError, open_cipher
from tradewind.metadata.statements import deferrals, sources, tickets, watchers
from tradewind.metadata.statements.deferrals import Waiting
from tradewind.metadata.statements.watchers import Watching
from tradewind.metadata.wakeups import SCHEDULER, Wakeups
from tradewind.plugins.secrets import configured_secrets
from tradewind.transitions import daemons, deferring, watching
from tradewind.transitions.daemons import Leases
from tradewind.transitions.deferring import KIND, Fired
from tradewind.transitions.graph import Graphs
from tradewind.transitions.values import Ticket
from tradewind.transitions.watching import Seen

WATCHERS = "watchers"
"""What stands for the run, where a trigger watches an asset."""


@dataclass(frozen=True)
class Claimed:
    """A claimed trigger, ready to run: its start message, its arguments as JSON, and where its class comes from.

    `problem` is a sentence in place of all that: why it cannot run here.
    """

    waiting: Waiting
    start: Start | None
    kwargs: str
    source: Source
    problem: str | None = None

    @property
    def watches(self) -> bool:
        """Whether it is an asset's watcher: those have numbers below zero where a task has its instance's."""
        return self.waiting.instance < 0


class TriggererLifecycle:
    """The calls. Each raises `Unreachable` when the database cannot be asked.

    Arguments:
        triggerer: the id of its row in `daemon`.
        wakeups: wakes workers whose tasks go on.
    """

    def __init__(
        self,
        triggerer: str,
        config: Config,
        database: Database,
        *,
        graphs: Graphs,
        clock: Clock,
        ids: Ids,
        wakeups: Wakeups,
    ) -> None:
        self._id = triggerer
        self._database = database
        self._clock = clock
        self._wakeups = wakeups
        self._leases = Leases.of(config.leases)
        self._cipher = open_cipher(config.security.fernet_key, config.home)
        self._ids = ids
        self._versions = VersionStore(config.home / "versions")
        self._host = socket.gethostname()
        self._answers = Answers(
            database,
            config,
            self._cipher,
            secrets=configured_secrets(config.plugins),
            shelf=Shelf.open(config),
            clock=clock,
            others=OtherDags(database, config, graphs=graphs, clock=clock, ids=ids, wake=wakeups.notify),
        )

    def register(self) -> None:
        """Announce this triggerer."""

        def work(conn: sa.Connection) -> None:
            daemons.register(
                conn,
                daemon_id=self._id,
                kind=KIND,
                host=self._host,
                pid=os.getpid(),
                clock=self._clock,
                leases=self._leases,
            )

        with reaching():
            self._database.write(work)

    def renew(self) -> tuple[bool, frozenset[tuple[int, int]]]:
        """Renew the lease; return whether this triggerer counts as alive, and (instance, claim) of what is its own."""

        def work(conn: sa.Connection) -> tuple[bool, frozenset[tuple[int, int]]]:
            is_alive = daemons.renew(conn, self._id, clock=self._clock, leases=self._leases)
            own = {(-key, claim) for key, claim in watchers.held(conn, self._id)}
            return is_alive, deferrals.held(conn, self._id) | own

        with reaching():
            return self._database.write(work)

    def claim(self, most: int) -> list[Claimed]:
        """Claim up to `most` triggers."""
        with reaching():
            found = self._database.write(lambda conn: deferring.claim(conn, self._id, most=most))
            free = most - len(found)
            watched = self._database.write(lambda c: watching.claim(c, self._id, most=free, clock=self._clock))
            claimed = [self._prepared_watcher(each) for each in watched]
            if not found:
                return claimed
            with self._database.read() as conn:
                runs = {row.id: row for row in tickets.read_runs(conn, sorted({each.run for each in found}))}
            return [self._prepared(each, runs.get(each.run)) for each in found] + claimed

    def _prepared(self, waiting: Waiting, run: Any) -> Claimed:
        try:
            kwargs = self._cipher.decrypt(waiting.kwargs, of=f"the arguments of trigger {waiting.classpath}")
            source = self._source(waiting.source_hash)
        except (SecretError, VersionUnavailable) as error:
            return Claimed(waiting, None, "", Source(), str(error))
        if run is None:
            return Claimed(waiting, None, "", source, "its run was deleted from the database")
        names = [each for each in Ticket.__dataclass_fields__ if each not in {"executor", "queue"}]
        ticket = Ticket(
            **{name: getattr(waiting, name) for name in names}, executor=waiting.executor, queue=waiting.queue
        )
        start = start_message(
            ticket,
            run,
            source_hash=waiting.source_hash or "",
            files=VersionFiles(Path(source.root), source.path),
            waiting_since=None,
            hostname=self._host,
        )
        return Claimed(waiting, start, kwargs, source)

    def _prepared_watcher(self, watcher: Watching) -> Claimed:
        """Return a watcher as what a task waits for, of no run."""
        nobody = dict.fromkeys(("token", "max_tries", "run"), 0)
        waiting = Waiting(
            instance=-watcher.id,
            claim=watcher.claim,
            classpath=watcher.classpath,
            kwargs=watcher.kwargs,
            source_hash=watcher.source_hash,
            try_number=1,
            dag_id=watcher.dag_id,
            run_id=WATCHERS,
            task_id=watcher.name,
            map_index=-1,
            version_id=watcher.version_id,
            executor="",
            queue="",
            **nobody,
        )
        try:
            source = self._source(watcher.source_hash)
        except VersionUnavailable as error:
            return Claimed(waiting, None, "", Source(), str(error))
        start = Start(
            instance=waiting.instance,
            token=watcher.claim,
            try_number=1,
            max_tries=0,
            dag_id=watcher.dag_id,
            run_id=WATCHERS,
            task_id=watcher.name,
            map_index=-1,
            run=0,
            run_type=WATCHERS,
            conf="{}",
            version_id=watcher.version_id,
            source_hash=watcher.source_hash,
            root=source.root,
            path=source.path,
            hostname=self._host,
            logical_date=None,
            data_interval_start=None,
            data_interval_end=None,
            run_started_at=None,
        )
        return Claimed(waiting, start, watcher.kwargs, source)

    def _source(self, source_hash: str | None) -> Source:
        if source_hash is None:
            return Source()

        def read(hashes: Iterable[str]) -> dict[str, bytes]:
            with self._database.read() as conn:
                return sources.read_blobs(conn, hashes)

        files = self._versions.materialise(source_hash, read)
        return Source(str(files.root), files.path)

    def fire(self, fired: Sequence[Fired]) -> None:
        """Have tasks go on, in one transaction; what their triggers found is encrypted here. Watchers tell of their assets."""
        hidden = [
            Fired(each.instance, each.token, each.claim, each.how, self._cipher.encrypt(each.found))
            for each in fired
            if each.instance >= 0
        ]
        seen = [Seen(-each.instance, each.claim, each.how, load(each.found)) for each in fired if each.instance < 0]

        def work(conn: sa.Connection) -> set[str]:
            wake = set(deferring.fire(conn, hidden, clock=self._clock).wake) if hidden else set()
            if seen and watching.tell(conn, self._id, seen, clock=self._clock, ids=self._ids):
                wake.add(SCHEDULER)
            return wake

        with reaching():
            wake = self._database.write(work)
        if wake:
            self._wakeups.notify(wake)

    def answer(self, start: Start, request: Request) -> Answered:
        """Answer what a trigger asks."""
        with reaching():
            return self._answers.answer(start, request)

    def tell_problem(self, waiting: Waiting, sentence: str) -> None:
        """Write what is wrong with a trigger, for `tradewind status`."""
        key, statements = (waiting.instance, deferrals) if waiting.instance >= 0 else (-waiting.instance, watchers)
        with reaching():
            self._database.write(lambda conn: statements.tell_problem(conn, key, waiting.claim, sentence))

    def give_back(self, instances: Iterable[int]) -> None:
        """Give triggers back that were claimed and never heard of: the answer was lost."""
        keys = sorted(instances)

        def work(conn: sa.Connection) -> None:
            deferrals.give_back(conn, self._id, [key for key in keys if key >= 0])
            watchers.leave(conn, self._id, [-key for key in keys if key < 0])

        with reaching():
            self._database.write(work)

    def leave(self) -> None:
        """Give the triggers back, and say that this triggerer has ended."""

        def work(conn: sa.Connection) -> None:
            deferrals.leave(conn, self._id)
            watchers.leave(conn, self._id)
            daemons.end_daemon(conn, self._id, "stopped", clock=self._clock)

        with reaching():
            self._database.write(work)

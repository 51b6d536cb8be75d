"""What is done when a worker's process was seen to end: its processes are killed, its outcomes recorded, its tries given back.

The order is the proof: first nothing of the worker lives, then its journal is read (nobody writes to it any more), then
journalled outcomes are replayed, and only then the rest is reported as ended, with what never started told apart.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from tradewind.execution.journal import Story, boot_id, journal_path, journals, read_journal, this_place
from tradewind.execution.prestart import MARK
from tradewind.execution.process_table import process_table
from tradewind.execution.remains import kill_remains
from tradewind.execution.shelf import Shelf
from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.file_systems import network_mount
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import tickets
from tradewind.plugins.named_xcoms import UnknownStorageError
from tradewind.transitions import daemons, ends
from tradewind.transitions.daemons import TakenOver
from tradewind.transitions.graph import Graphs
from tradewind.transitions.states import TaskState
from tradewind.transitions.values import EndResult, Outcome

log = logging.getLogger(__name__)

OUTCOMES_AT_ONCE = 50


class Registrar(Protocol):
    """Whoever keeps the record of what became of tries."""

    def record(self, worker: str, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes that a dead worker has journalled."""
        ...

    def end(self, worker: str, story: Story, cause: str) -> TakenOver:
        """Record that a worker's processes ended: what it has not started, by its journal, is dispatched again."""
        ...

    def sweep(self, tries: set[tuple[int, int]]) -> None:
        """Remove what these tries have left on this host."""
        ...


class DirectRegistrar:
    """Records in the metadata database. Every call raises `sqlalchemy.exc.DBAPIError` where that cannot be reached.

    Arguments:
        database: the metadata database.
        graphs: the versions, for the transitions.
        shelf: where large values go that the worker had not stored yet.
    """

    def __init__(self, database: Database, *, graphs: Graphs, clock: Clock, ids: Ids, shelf: Shelf) -> None:
        self._database = database
        self._graphs = graphs
        self._clock = clock
        self._ids = ids
        self._shelf = shelf

    def record(self, worker: str, outcomes: Sequence[Outcome]) -> None:
        """See `Registrar.record`."""
        del worker
        kept = [self._kept_aside(each) for each in outcomes]

        def work(conn: sa.Connection) -> EndResult:
            return ends.end(conn, kept, graphs=self._graphs, clock=self._clock, ids=self._ids)

        self._database.write(work, collisions=True)

    def _kept_aside(self, outcome: Outcome) -> Outcome:
        """Put large values aside; where one has gone, its try has failed."""
        try:
            return self._shelf.put_all(outcome)
        except (OSError, ValueError, UnknownStorageError) as error:
            return unstored(outcome, error)

    def end(self, worker: str, story: Story, cause: str) -> TakenOver:
        """See `Registrar.end`."""
        never_started = self._never_started(worker, story)

        def work(conn: sa.Connection) -> TakenOver:
            return daemons.report_ended(
                conn,
                worker,
                never_started,
                graphs=self._graphs,
                clock=self._clock,
                ids=self._ids,
                cause=cause,
            )

        taken = self._database.write(work, collisions=True)
        with self._database.read() as conn:
            daemons.log_taken(conn, taken, cause)
        return taken

    def _never_started(self, worker: str, story: Story) -> set[tuple[int, int]]:
        """Return the claimed tries that the journal does not know; none, if the journal is older than the machine's start."""
        if not story.is_evidence:
            return set()
        with self._database.read() as conn:
            return tickets.tries_of_worker(conn, worker) - story.started

    def sweep(self, tries: set[tuple[int, int]]) -> None:
        """See `Registrar.sweep`."""
        self._shelf.sweep(tries)


class Coroner:
    """Settles the affairs of dead workers of this host.

    Arguments:
        home: TRADEWIND_HOME, where the journals are.
        registrar: keeps the record.
    """

    def __init__(self, home: Path, registrar: Registrar) -> None:
        self._home = home
        self._registrar = registrar

    def settle(self, worker: str, cause: str) -> TakenOver:
        """Do all of it for one worker, and remove its journal; repeated, it does no harm.

        Arguments:
            cause: how the worker's process ended, one line.
        Raises:
            sqlalchemy.exc.DBAPIError, Unreachable: the record could not be reached; call again.
            RuntimeError: a process of the worker cannot be killed; nothing was reported.
        """
        path = journal_path(self._home, worker)
        killed = kill_remains(f"{MARK}={worker}", read_journal(path).sessions)
        story = read_journal(path)
        outcomes = list(story.outcomes.values())
        for start in range(0, len(outcomes), OUTCOMES_AT_ONCE):
            self._registrar.record(worker, outcomes[start : start + OUTCOMES_AT_ONCE])
        taken = self._registrar.end(worker, story, cause)
        path.unlink(missing_ok=True)
        self._registrar.sweep(story.started)
        is_quiet = not (killed or story.outcomes or taken.lost or taken.requeued)
        log.log(
            logging.INFO if is_quiet else logging.WARNING,
            "worker %s: %s; %d processes killed, %d outcomes replayed, %d tries lost, %d dispatched again",
            worker,
            cause,
            killed,
            len(story.outcomes),
            len(taken.lost),
            len(taken.requeued),
        )
        return taken

    def settle_leftovers(self) -> list[str]:
        """Settle workers whose watcher died with them: they have a journal here and no process. Return their ids.

        Raises:
            sqlalchemy.exc.DBAPIError, Unreachable: the record could not be reached; call again.
        """
        settled: list[str] = []
        for path in journals(self._home):
            if is_within_sight(read_journal(path).place, path) and not is_worker_alive(path.stem):
                self.settle(path.stem, "worker process and its watcher ended")
                settled.append(path.stem)
        return settled


def unstored(outcome: Outcome, error: Exception) -> Outcome:
    """Return the failure that stands in place of an outcome whose values cannot be stored."""
    cause = f"its worker died, and its result could not be stored: {error}"
    return replace(outcome, state=TaskState.FAILED, xcoms=(), skip=(), due_at=None, cause=cause)


def is_within_sight(place: str, journal: Path) -> bool:
    """Tell whether this process would see the processes of a worker that wrote a journal at this place, if they lived.

    It does in the same place; and where the machine was started anew since, of which a journal on its own disk is the proof:
    one in a folder that machines share may be another machine's. A worker in another container is left to its lease.
    """
    if place == this_place():
        return True
    boot = place.partition("/")[0]
    is_restarted = bool(boot and boot_id()) and boot != boot_id()
    return is_restarted and network_mount(journal) is None


def is_worker_alive(worker: str) -> bool:
    """Tell whether the process that runs this worker exists on this host."""
    table = process_table()
    wanted = {b"tradewind.execution.worker", f"{MARK}={worker}".encode()}
    return any(wanted <= table.words(each.pid) for each in table.processes() if not each.is_ended)

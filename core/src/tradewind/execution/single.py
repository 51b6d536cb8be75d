"""Running one claimed try and nothing else: the far end of remote executors, and `tradewind tasks run-try`."""

from __future__ import annotations

import os

from tradewind_plugins.exceptions import TradewindNotFoundException

from tradewind.config import Config
from tradewind.execution.direct_lifecycle import DirectLifecycle, reaching
from tradewind.execution.lifecycle import Lease
from tradewind.execution.log_stores import open_log_store
from tradewind.execution.messages import Start
from tradewind.execution.prestart import EXECUTOR
from tradewind.execution.settings import WorkerSettings, worker_settings
from tradewind.execution.supervisor import Supervisor
from tradewind.metadata.clock import Clock, SystemClock
from tradewind.metadata.engine import Database, open_database
from tradewind.metadata.ids import Ids, RandomIds
from tradewind.metadata.statements import tickets
from tradewind.metadata.wakeups import open_wakeups
from tradewind.plugins.behaviour import listened_states
from tradewind.transitions.graph import Graphs
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.values import Ticket


class SingleLifecycle(DirectLifecycle):
    """The lifecycle of a process that runs one try, for the worker in whose name it was claimed; it has no lease itself."""

    def __init__(
        self, settings: WorkerSettings, config: Config, database: Database, *, graphs: Graphs, clock: Clock, ids: Ids
    ) -> None:
        mouth = open_wakeups(database, config.home)
        super().__init__(settings, config, database, graphs=graphs, clock=clock, ids=ids, wakeups=mouth)
        self._start: Start | None = None

    def find(self, instance: int, token: int) -> Start:
        """Return what the try's process is told.

        Raises:
            TradewindNotFoundException: that dispatch does not run (any more), or its version cannot be had here.
        """
        with reaching(), self._database.read() as conn:
            row = tickets.ticket_of(conn, instance, token)
        if row is None:
            raise TradewindNotFoundException(
                f"try {instance}.{token} is not running: it ended, or a newer dispatch exists"
            )
        starts, refusals = self._starts.prepare([Ticket(**row._mapping)])  # noqa: SLF001  (SQLAlchemy's public name)
        if refusals:
            raise TradewindNotFoundException(f"try {instance}.{token} cannot run here: {refusals[0].cause}")
        self._start = starts[0]
        return self._start

    def register(self) -> None:
        """Nothing: the try was claimed in somebody else's name."""

    def renew(self, *, with_tries: bool = True) -> Lease:
        """Ask whether the try is still the newest; there is no lease to renew."""
        start = self._start
        if start is None:
            return Lease(is_alive=True, tries=frozenset())
        with reaching(), self._database.read() as conn:
            is_current = tickets.ticket_of(conn, start.instance, start.token) is not None
        return Lease(is_alive=True, tries=frozenset({(start.instance, start.token)} if is_current else ()))

    def leave(self, cause: str) -> None:
        """Nothing: see `register`."""


def run_single_try(config: Config, instance: int, token: int) -> int:
    """Run one try, which was claimed already, to its recorded end; return the exit code for this process (0).

    It must be called in the main thread of a process of its own: it takes the signals and becomes a subreaper.

    Raises:
        TradewindNotFoundException: see `SingleLifecycle.find`.
    """
    settings = worker_settings(config, f"try-{instance}-{token}-{os.getpid()}", executor=EXECUTOR)
    database = open_database(config.database, listened=listened_states())
    clock = SystemClock()
    try:
        lifecycle = SingleLifecycle(
            settings, config, database, graphs=open_graphs(), clock=clock, ids=RandomIds(clock.now)
        )
        start = lifecycle.find(instance, token)
        code = Supervisor(settings, lifecycle, open_log_store(config)).run(only=start)
        settings.journal.unlink(missing_ok=True)
        return code
    finally:
        database.dispose()

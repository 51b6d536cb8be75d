"""Running one task instance in this process because a person asks for it: `tradewind tasks run`.

The process is a worker of one slot for as long as that takes: it has a lease, its try has a token, and whoever finds it gone
takes the try over as that of every worker.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import sqlalchemy as sa
from tradewind_plugins.exceptions import TradewindNotFoundException

from tradewind.config import Config
from tradewind.execution.direct_lifecycle import DirectLifecycle
from tradewind.execution.journal import Journal
from tradewind.execution.log_stores import open_log_store
from tradewind.execution.messages import Start
from tradewind.execution.settings import worker_settings
from tradewind.execution.supervisor import Supervisor
from tradewind.metadata.clock import Clock, SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import Ids, RandomIds
from tradewind.metadata.wakeups import open_wakeups
from tradewind.transitions import ends
from tradewind.transitions.dispatching import Aside, Wanted, dispatch, executor_of
from tradewind.transitions.graph import Graphs
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.states import TryState
from tradewind.transitions.values import Claimer, Outcome, Ticket

log = logging.getLogger(__name__)
Dispatch = Callable[[sa.Connection, Claimer], Ticket]


def _any_nonce() -> str:
    return str(uuid4())


class HandLifecycle(DirectLifecycle):
    """The lifecycle of a worker that claims one instance by name; it is registered before it claims."""

    nonce = staticmethod(_any_nonce)
    """Draws the name of the claim."""

    def begin(self, claim: Dispatch) -> Start:
        """Announce the worker, claim by `claim`, and return what the try's process is told.

        Raises:
            NotNowError: it does not run now.
            TradewindNotFoundException: its version cannot be had here; the try waits again as if it had not begun.
        """
        super().register()
        journal = Journal(
            self._settings.journal
        )  # before the claim: should this process die, it is seen what had not begun
        journal.close()
        claimer = Claimer(self._settings.worker, self._settings.executor, 1, self.nonce())
        try:
            return self._prepare(self._database.write(lambda conn: claim(conn, claimer)))
        except Exception:
            journal.remove()
            self.leave("what it was to run does not run now")
            raise

    def _prepare(self, ticket: Ticket) -> Start:
        starts, refusals = self._starts.prepare([ticket])
        if refusals:
            self._refuse(ticket, refusals[0].cause)
            raise TradewindNotFoundException(f"Task {ticket.task_id!r} cannot run here: {refusals[0].cause}.")
        return starts[0]

    def _refuse(self, ticket: Ticket, cause: str) -> None:
        """Give a try back that cannot be run on this host: it waits again as if it had not begun."""
        log.info("a try is given back: %s", cause)
        self._record(Outcome(ticket.instance, ticket.token, TryState.NEVER_STARTED, self._clock.now()))

    def _record(self, outcome: Outcome) -> None:
        result = self._database.write(
            lambda conn: ends.end(conn, [outcome], graphs=self._graphs, clock=self._clock, ids=self._ids)
        )
        self._notify(set(result.wake))

    def register(self) -> None:
        """Nothing: see `begin`."""


def run_by_hand(config: Config, database: Database, wanted: Wanted, aside: Aside) -> int:
    """Run one instance to the recorded end of its try; return the exit code of a worker (0).

    It must be called in the main thread of a process of its own: it takes the signals and becomes a subreaper. The first
    SIGINT or SIGTERM is waited through, the second ends the task.

    Raises:
        NotNowError, TradewindNotFoundException: see `HandLifecycle.begin`.
    """
    clock = SystemClock()
    graphs, ids = open_graphs(config.plugins.codec), RandomIds(clock.now)
    with database.read() as conn:
        executor = executor_of(conn, wanted)
    settings = replace(worker_settings(config, str(uuid4()), executor=executor), slots=1)
    mouth = open_wakeups(database, config.home)
    try:
        lifecycle = HandLifecycle(settings, config, database, graphs=graphs, clock=clock, ids=ids, wakeups=mouth)
        start = lifecycle.begin(_dispatch(wanted, aside, graphs, clock, ids))
        code = Supervisor(settings, lifecycle, open_log_store(config)).run(only=start)
        settings.journal.unlink(missing_ok=True)
        return code
    finally:
        mouth.close()


def _dispatch(wanted: Wanted, aside: Aside, graphs: Graphs, clock: Clock, ids: Ids) -> Dispatch:
    return lambda conn, claimer: dispatch(conn, wanted, claimer, aside=aside, graphs=graphs, clock=clock, ids=ids)

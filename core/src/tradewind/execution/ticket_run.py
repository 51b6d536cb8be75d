"""The far end of an executor: running the one try that a ticket names, `tradewind tasks run-try`.

Two processes, as with a worker: one that waits, and one that runs the try (`python -m tradewind.execution.ticket_run`). Should
that die, the first ends what it left and has its end reported at once. What carries the ticket may deliver it twice: the claim
tells, and the second finds nothing to do.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import FrameType
from uuid import uuid4

import sqlalchemy as sa
from tradewind_plugins.exceptions import TradewindNotFoundException

from tradewind.config import Config, load
from tradewind.daemon_log import DaemonFiles, configure_log
from tradewind.execution.aftermath import Aftermath
from tradewind.execution.by_hand import HandLifecycle
from tradewind.execution.direct_lifecycle import reaching
from tradewind.execution.lifecycle import Unreachable
from tradewind.execution.log_stores import open_log_store
from tradewind.execution.outcomes import marked
from tradewind.execution.prestart import MARK
from tradewind.execution.processes import become_subreaper
from tradewind.execution.settings import worker_settings
from tradewind.execution.supervisor import Supervisor
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import open_database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.patience import Patience
from tradewind.metadata.wakeups import open_wakeups
from tradewind.plugins.behaviour import listened_states
from tradewind.transitions.dispatching import NotNowError
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.states import TaskState
from tradewind.transitions.tickets import claim_ticket, ticket_nonce
from tradewind.transitions.values import Claimer, Outcome, Ticket

KIND = "worker"
EXIT_UNREACHABLE = 75
"""EX_TEMPFAIL of sysexits.h: the database cannot be asked, so nothing was claimed; the ticket may be tried again."""
log = logging.getLogger(__name__)


class TicketLifecycle(HandLifecycle):
    """The lifecycle of a process that claims the try of one ticket."""

    nonce = staticmethod(ticket_nonce)

    def _refuse(self, ticket: Ticket, cause: str) -> None:
        """End a try as failed that cannot be run here: its ticket would be sent here again and again."""
        told = marked(cause, "task-not-started")
        self._record(Outcome(ticket.instance, ticket.token, TaskState.FAILED, self._clock.now(), cause=told))


def watch_ticket(config: Config, environ: Mapping[str, str], instance: int, token: int, executor: str) -> int:
    """Have a process run a try, wait for it, and settle what it leaves if it dies; return the exit code for this process.

    It must be called in the main thread of a process of its own: it becomes a subreaper, and SIGTERM and SIGINT, which it
    passes on, end the try.

    Arguments:
        environ: of the process.
        token: that the try has once it is claimed.
        executor: whose ticket it is.
    Returns:
        0 where the try has ended, or there was nothing to claim.
    """
    become_subreaper()
    worker = str(uuid4())
    process = subprocess.Popen(  # noqa: S603  (our own module)
        [sys.executable, "-m", "tradewind.execution.ticket_run", str(instance), str(token), executor],
        env={**environ, "TRADEWIND_HOME": str(config.home), MARK: worker},
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C in the terminal is ours, who then pass it on
    )

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        process.terminate()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    code = process.wait()
    Aftermath(config.home, environ, threading.Event()).settle(worker, code)
    return code if code >= 0 else 128 - code


def run_ticket(config: Config, worker: str, instance: int, token: int, executor: str) -> int:
    """Claim and run the try of a ticket to its recorded end; return the exit code of this process.

    Raises:
        Unreachable: the database could not be asked; nothing was claimed.
    """
    # It offers no slots: the dispatcher does that for all of its executor
    settings = replace(worker_settings(config, worker, executor=executor), slots=1, offers_slots=False)
    patience = Patience.of(config.database, config.leases)
    database = open_database(config.database, listened=listened_states(), patience=patience)
    clock = SystemClock()
    graphs, ids = open_graphs(config.plugins.codec), RandomIds(clock.now)
    mouth = open_wakeups(database, config.home)

    def claim(conn: sa.Connection, claimer: Claimer) -> Ticket:
        claimed = claim_ticket(conn, instance, token, claimer, clock=clock)
        if claimed is None:
            raise NotNowError(f"try {instance}.{token} is not queued for {executor}: another ticket of it came first")
        return claimed

    try:
        lifecycle = TicketLifecycle(settings, config, database, graphs=graphs, clock=clock, ids=ids, wakeups=mouth)
        with reaching():
            start = lifecycle.begin(claim)
        return Supervisor(settings, lifecycle, open_log_store(config)).run(only=start)
    except (NotNowError, TradewindNotFoundException) as error:
        log.info("nothing is run: %s", error)
        return 0
    finally:
        mouth.close()
        database.dispose()


def main(words: Sequence[str]) -> int:
    """Run what the words name, with the configuration of TRADEWIND_HOME; return the exit code."""
    instance, token, executor = words
    config = load().config
    configure_log(config, DaemonFiles.of_environment(), KIND)
    run = partial(run_ticket, config, os.environ.get(MARK) or str(uuid4()))
    try:
        return run(int(instance), int(token), executor)
    except Unreachable as error:
        log.error("the database cannot be reached, so try %s.%s is not claimed: %s", instance, token, error)  # noqa: TRY400
        return EXIT_UNREACHABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

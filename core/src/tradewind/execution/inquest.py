"""The process that reports how workers ended: `python -m tradewind.execution.inquest FD WORKER CAUSE`, started by their watcher.

Without WORKER and CAUSE it reports the workers whose watcher died with them. Its exit code is 0 when all is reported; after
any other it is to be started again. What it has counted it writes to the descriptor FD, for its watcher's metrics.

It is a process of its own because a watcher lives for weeks and needs the database for this alone: what that imports is
three quarters of the memory that a watcher would have.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress

from sqlalchemy.exc import DBAPIError

from tradewind.config import Config, load
from tradewind.daemon_log import DaemonFiles, configure_log
from tradewind.execution.evidence import Coroner, DirectRegistrar
from tradewind.execution.lifecycle import Unreachable
from tradewind.execution.shelf import Shelf
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import open_database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.patience import Patience
from tradewind.metadata.wakeups import open_wakeups
from tradewind.metrics.recording import use_meter
from tradewind.metrics.relaying import Relay
from tradewind.plugins.behaviour import listened_states
from tradewind.transitions.daemons import TakenOver
from tradewind.transitions.loading import open_graphs

KIND = "worker"
AGAIN = 75
"""Exit code: the database, or the web server, cannot be reached, or a process cannot be ended; EX_TEMPFAIL of sysexits.h."""
log = logging.getLogger(__name__)


def report(config: Config, worker: str | None = None, cause: str = "") -> None:
    """Report one worker's end, or without one those whose watcher died with them.

    Arguments:
        cause: how the worker's process ended, one line.
    Raises:
        sqlalchemy.exc.DBAPIError, Unreachable: the database, or the web server, could not be reached; call again.
        RuntimeError: a process of a worker cannot be killed; of that one nothing was reported.
    """
    with ExitStack() as stack:
        if config.worker.server:
            # As in the worker itself: only where there is a server
            from tradewind.execution.http.registrar import HttpRegistrar  # noqa: PLC0415

            _settle(Coroner(config.home, HttpRegistrar(config)), worker, cause)
            return
        clock = SystemClock()
        patience = Patience.of(config.database, config.leases)
        database = open_database(config.database, listened=listened_states(), patience=patience)
        stack.callback(database.dispose)
        wakeups = stack.enter_context(closing(open_wakeups(database, config.home)))
        registrar = DirectRegistrar(
            database,
            graphs=open_graphs(config.plugins.codec),
            clock=clock,
            ids=RandomIds(clock.now),
            shelf=Shelf.open(config),
        )
        taken = _settle(Coroner(config.home, registrar), worker, cause)
        if taken.wake:
            wakeups.notify(taken.wake)


def _settle(coroner: Coroner, worker: str | None, cause: str) -> TakenOver:
    if worker is None:
        coroner.settle_leftovers()
        return TakenOver()
    return coroner.settle(worker, cause)


def main(words: Sequence[str]) -> int:
    """Report what the words name, with the configuration of TRADEWIND_HOME; return the exit code."""
    descriptor, *whom = words
    config = load().config
    configure_log(config, DaemonFiles.of_environment(), KIND)
    relay = Relay()
    use_meter(relay)
    try:
        report(config, *whom)
    except (DBAPIError, Unreachable, RuntimeError) as error:
        log.warning("%s cannot be reported yet: %s", f"the end of worker {whom[0]}" if whom else "an end", error)
        return AGAIN
    finally:
        # A watcher that was killed meanwhile counts nothing any more
        with suppress(BrokenPipeError), os.fdopen(int(descriptor), "w") as answer:
            answer.write(relay.told())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

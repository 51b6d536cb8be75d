"""The worker's process: `python -m tradewind.execution.worker`, started by its watcher with its id in the environment."""

from __future__ import annotations

import gc
import logging
import os
import sys
from contextlib import closing
from uuid import uuid4

from tradewind import notify
from tradewind.config import Config, load
from tradewind.daemon_log import DaemonFiles, configure_log, obey_log_signals
from tradewind.execution.direct_lifecycle import DirectLifecycle
from tradewind.execution.lifecycle import TaskLifecycle, Unreachable
from tradewind.execution.log_stores import open_log_store
from tradewind.execution.prestart import EXECUTOR, MARK, await_word
from tradewind.execution.settings import WorkerSettings, worker_settings
from tradewind.execution.supervisor import Supervisor
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import open_database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.patience import Patience
from tradewind.metadata.wakeups import Wakeups, open_wakeups, worker_channel
from tradewind.metrics.reporting import start_reporting
from tradewind.plugins.behaviour import listened_states
from tradewind.transitions.loading import open_graphs

KIND = "worker"
# The database thread must not wait 5 ms (Python's default) for a loop that has a little to do
SWITCH_SECONDS = 0.0005
EXIT_UNREACHABLE = 1
EXIT_NOT_WANTED = 0
log = logging.getLogger(__name__)


def run_worker(config: Config, worker: str, *, executor: str = EXECUTOR) -> int:
    """Run a worker in this process until it is drained; return its exit code.

    Arguments:
        worker: the id of its row in `daemon`, new for each process.
        executor: whose tries it claims.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    if config.worker.server:
        # Only of a server: what signs words loads 50 ms of cryptography, which every start beside a database would wait for
        from tradewind.execution.http.opening import open_remote  # noqa: PLC0415

        with open_remote(config, worker, executor=executor) as remote:
            return _supervise(config, remote.settings, remote.lifecycle, remote.ear)
    settings = worker_settings(config, worker, executor=executor)
    patience = Patience.of(config.database, config.leases)
    database = open_database(config.database, listened=listened_states(), patience=patience)
    clock = SystemClock()
    mouth = open_wakeups(database, config.home)
    ear = open_wakeups(database, config.home, listen=[worker_channel(executor)], listen_url=config.database.listen_url)
    lifecycle = DirectLifecycle(
        settings,
        config,
        database,
        graphs=open_graphs(config.plugins.codec),
        clock=clock,
        ids=RandomIds(clock.now),
        wakeups=mouth,  # of the database thread; the loop listens with another
    )
    try:
        return _supervise(config, settings, lifecycle, ear)
    finally:
        mouth.close()
        ear.close()
        database.dispose()


def _supervise(config: Config, settings: WorkerSettings, lifecycle: TaskLifecycle, ear: Wakeups) -> int:
    supervisor = Supervisor(settings, lifecycle, open_log_store(config), ear)
    gc.freeze()
    with closing(start_reporting(config, KIND)):
        return supervisor.run()


def main() -> int:
    """Run the worker that the environment names, with the configuration of TRADEWIND_HOME."""
    if not await_word():
        return EXIT_NOT_WANTED
    notify.adopt()
    config = load().config
    files = DaemonFiles.of_environment()
    configure_log(config, files, KIND)
    obey_log_signals(files)
    try:
        return run_worker(config, os.environ.get(MARK) or str(uuid4()))
    except Unreachable as error:
        what = "web server" if config.worker.server else "database"
        log.error("no worker starts while the %s cannot be reached; its watcher tries again: %s", what, error)  # noqa: TRY400
        return EXIT_UNREACHABLE


if __name__ == "__main__":
    sys.exit(main())

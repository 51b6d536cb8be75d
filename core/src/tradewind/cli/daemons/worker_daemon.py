"""The process that runs an executor: it watches the local one's worker, and gives others their tickets."""

from __future__ import annotations

import logging
import os
import select
import signal
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from functools import partial
from threading import Thread

from tradewind_plugins.contracts.executor import Executor

from tradewind import notify
from tradewind.cli.errors import CommandError
from tradewind.cli.processes.apart import do_apart
from tradewind.cli.processes.probe import open_probe
from tradewind.cli.processes.stopping import stop_on_signals
from tradewind.config import Config, load
from tradewind.daemon_log import DaemonFiles, configure_log, obey_log_signals
from tradewind.execution.isolation import Overseer
from tradewind.execution.local_executor import LocalExecutor
from tradewind.execution.prestart import Prestarted
from tradewind.metrics.reporting import start_reporting
from tradewind.plugins.executors import executor_class, executor_setup

log = logging.getLogger(__name__)

NAME = "worker"
WATCHER = "watcher"
TURN_SECONDS = 1.0
FOREVER = 10 * 365 * 86_400.0


def run_executor(
    asked: str | None,
    environ: Mapping[str, str],
    files: DaemonFiles,
    ears: notify.NotifySocket,
    begun: Prestarted | None,
) -> None:
    """Run an executor until it is told to stop.

    Arguments:
        asked: its name, if one was given on the command line.
        environ: of the processes that it starts.
        ears: where the local executor's worker tells of itself.
        begun: the local executor's first worker, which waits for the word; None for every other executor.
    """
    config = load(environ=environ).config
    do_apart(partial(_check, config, files))
    configure_log(config, files, NAME)
    executor = _open_executor(config, asked, environ)
    if begun is not None and isinstance(executor, LocalExecutor):
        executor.begin_with(begun)
    if executor.pulls:
        _run(executor, config, files, ears, is_local=begun is not None)
    else:
        _dispatch(executor, config, asked or config.executor.default, files)


def _check(config: Config, files: DaemonFiles) -> None:
    # In a process of its own, as this one does without the database: SQLAlchemy is 30 MiB
    from tradewind.cli.daemons import worker_checks  # noqa: PLC0415

    if config.worker.server:
        worker_checks.check_remote(config, files, NAME)
    else:
        worker_checks.check(files, NAME)


def _run(executor: Executor, config: Config, files: DaemonFiles, ears: notify.NotifySocket, *, is_local: bool) -> None:
    bell, ringer = os.pipe()
    probe = open_probe(config.executor.enable_health_check, config, "executor")
    with closing(probe), closing(start_reporting(config, WATCHER)):
        stop_on_signals(lambda: _ring(ringer), executor.hurry)
        obey_log_signals(files, also=lambda: _pass_on(executor, signal.SIGHUP))
        executor.start()
        overseer = Overseer(time.monotonic()) if is_local else None
        _relay(ears, bell, executor, overseer)
        notify.stopping()
        # In a thread, as draining may take hours, in which others go on looking whether the worker's loop moves
        stopping = Thread(target=_stop, args=(executor, ringer), name="tradewind-stopping")
        stopping.start()
        _relay(ears, bell, executor, overseer)
        stopping.join()
    for descriptor in (bell, ringer):
        os.close(descriptor)


def _dispatch(executor: Executor, config: Config, name: str, files: DaemonFiles) -> None:
    if config.worker.server:
        raise CommandError(
            f"{name} is given its tickets out of the database, so worker.server has to be empty here.",
            error_id="wrong-usage",
        )
    # Only where tickets are given: a watcher does without the database
    from tradewind.cli.daemons.dispatching import dispatch_until  # noqa: PLC0415

    bell, ringer = os.pipe()
    probe = open_probe(config.executor.enable_health_check, config, "executor")
    with closing(probe), closing(start_reporting(config, NAME)):
        stop_on_signals(lambda: _ring(ringer), executor.hurry)
        obey_log_signals(files)
        executor.start()
        try:
            dispatch_until(bell, executor, config, name)
        finally:
            notify.stopping()
            executor.stop(drain_seconds=FOREVER)
    for descriptor in (bell, ringer):
        os.close(descriptor)


def _stop(executor: Executor, ringer: int) -> None:
    try:
        executor.stop(drain_seconds=FOREVER)
    finally:
        _ring(ringer)


def _relay(ears: notify.NotifySocket, bell: int, executor: Executor, overseer: Overseer | None) -> None:
    """Pass on that the worker's own loop moves, until the bell rings.

    Arguments:
        overseer: of the worker's loop; None for an executor without a loop of ours, which lives as long as this process.
    """
    while bell not in select.select([bell, ears.fileno()], [], [], TURN_SECONDS)[0]:
        lines, now = ears.heard(), time.monotonic()
        if overseer is None or overseer.hear(lines, now):
            notify.beat()
        elif overseer.is_overdue(now):
            overseer.forget()
            log.error(
                "the worker's loop stands still, and others may take its tasks over from now on: it is ended, and its "
                "tasks with it ([leases] isolation_grace)"
            )
            _pass_on(executor, signal.SIGKILL)
    os.read(bell, 1)


def _ring(mouth: int) -> None:
    os.write(mouth, b"x")


def _pass_on(executor: Executor, number: signal.Signals) -> None:
    """Send a signal to the process that the local executor watches; it has the same files open."""
    pid = getattr(executor, "pid", None)
    if pid is not None:
        with suppress(ProcessLookupError):  # it has ended, and the next one is about to start
            os.kill(pid, number)


def _open_executor(config: Config, asked: str | None, environ: Mapping[str, str]) -> Executor:
    name = asked or config.executor.default
    whose = "executor.default" if asked is None else "--executor"
    return executor_class(name, whose).open(executor_setup(config, name, environ))

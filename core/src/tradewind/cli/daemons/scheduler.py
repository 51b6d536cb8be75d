"""Run a scheduler; any number may run at once, on one machine or many.

With LocalExecutor a worker runs beside it, unless --no-worker is given or scheduler.start_worker is false.
"""

from __future__ import annotations

import argparse
import os
from contextlib import closing
from functools import partial

from tradewind import notify
from tradewind.cli.processes.child_lines import ChildLines
from tradewind.cli.processes.children import ChildProcesses, tradewind_command
from tradewind.cli.processes.daemon import add_daemon_options, run_daemon
from tradewind.cli.processes.probe import open_probe
from tradewind.cli.processes.stopping import stop_on_signals
from tradewind.cli.processes.watchdog import Watchdog
from tradewind.cli.shared.session import Session, open_session
from tradewind.config import Config
from tradewind.daemon_log import DaemonFiles, configure_log
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.wakeups import SCHEDULER, open_wakeups
from tradewind.metrics.reporting import check_exporters, start_reporting
from tradewind.plugins.behaviour import state_listeners
from tradewind.plugins.executors import check_executor
from tradewind.scheduling.courier import Courier
from tradewind.scheduling.delivery import open_delivery
from tradewind.scheduling.scheduler import Scheduler
from tradewind.scheduling.settings import Settings
from tradewind.transitions.loading import open_graphs

LOCAL = "LocalExecutor"


NAME = "scheduler"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("--no-worker", action="store_true", help="start no local worker beside it")
    parser.add_argument("-n", "--num-runs", type=int, metavar="N", help="end after N steps; starts no worker beside it")
    add_daemon_options(parser, NAME)
    parser.set_defaults(run=scheduler)


def scheduler(options: argparse.Namespace) -> None:
    """Schedule until SIGTERM or Ctrl+C."""
    run_daemon(options, NAME, lambda files: _work(options, files))


def _work(options: argparse.Namespace, files: DaemonFiles) -> None:
    with open_session(changes_states=True, is_daemon=True) as session:
        config = session.config
        is_alone = options.no_worker or options.num_runs is not None
        check_executor(config.executor.default, "executor.default")
        if config.executor.default == LOCAL and config.scheduler.start_worker and not is_alone:
            # What is wrong with the settings is said here: a child that cannot start would be started again and again
            configure_log(config, process=NAME)
            check_exporters(config, NAME)
            _run_beside_a_worker(config, files)
            return
        configure_log(config, files, NAME)
        with closing(start_reporting(config, NAME)):
            _schedule(session, options.num_runs)


def _run_beside_a_worker(config: Config, files: DaemonFiles) -> None:
    """Run two processes side by side, not one inside the other: killing one is not killing the other."""
    commands = {
        "worker": tradewind_command("worker"),
        "scheduler": tradewind_command("scheduler", "--no-worker"),
    }
    with closing(ChildLines(files, config.logs)) as lines:
        ChildProcesses(commands, os.environ, lines).run()


def _schedule(session: Session, num_runs: int | None) -> None:
    config: Config = session.config
    clock = SystemClock()
    wakeups = open_wakeups(session.database, config.home, listen=[SCHEDULER], listen_url=config.database.listen_url)
    delivery = open_delivery(session.database, state_listeners(), clock=clock)
    courier = None if delivery is None else Courier(delivery)
    watchdog = Watchdog(NAME, config.leases.stall_limit)
    watchdog.feed_from(session.database)
    loop = Scheduler(
        session.database,
        open_graphs(config.plugins.codec),
        wakeups,
        clock=clock,
        ids=RandomIds(clock.now),
        settings=Settings.of(config),
        delivery=courier,
        on_turn=partial(_turned, watchdog),
    )
    probe = open_probe(config.scheduler.enable_health_check, config, "scheduler")
    stop_on_signals(loop.stop)
    try:
        loop.run(num_runs)
    finally:
        watchdog.close()
        probe.close()
        if courier is not None:
            courier.close()
        loop.close()
        wakeups.close()


def _turned(watchdog: Watchdog) -> None:
    notify.beat()
    watchdog.feed()

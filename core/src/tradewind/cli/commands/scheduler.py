"""Run a scheduler; any number may run at once, on one machine or many.

With LocalExecutor a worker runs beside it, unless --no-worker is given or scheduler.start_worker is false.
"""

from __future__ import annotations

import argparse
import os
import signal

from tradewind.cli.daemon_log import configure_log
from tradewind.cli.processes import ChildProcesses, tradewind_command
from tradewind.cli.session import open_session
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.wakeups import SCHEDULER, open_wakeups
from tradewind.plugins.behaviour import state_listeners
from tradewind.plugins.executors import check_executor
from tradewind.scheduling.delivery import open_delivery
from tradewind.scheduling.scheduler import Scheduler
from tradewind.scheduling.settings import Settings
from tradewind.transitions.loading import open_graphs

LOCAL = "LocalExecutor"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("--no-worker", action="store_true", help="start no local worker beside it")
    parser.set_defaults(run=scheduler)


def scheduler(options: argparse.Namespace) -> None:
    """Schedule until SIGTERM or Ctrl+C."""
    with open_session(changes_states=True) as session:
        config = session.config
        check_executor(config.executor.default, "executor.default")
        if config.executor.default == LOCAL and config.scheduler.start_worker and not options.no_worker:
            # Two processes side by side, not one inside the other: killing one is not killing the other
            commands = {
                "worker": tradewind_command("worker"),
                "scheduler": tradewind_command("scheduler", "--no-worker"),
            }
            ChildProcesses(commands, os.environ, lambda name, line: print(f"{name:<9} | {line}", flush=True)).run()
            return
        configure_log(config)
        clock = SystemClock()
        wakeups = open_wakeups(session.database, config.home, listen=[SCHEDULER], listen_url=config.database.listen_url)
        loop = Scheduler(
            session.database,
            open_graphs(config.plugins.codec),
            wakeups,
            clock=clock,
            ids=RandomIds(clock.now),
            settings=Settings.of(config),
            delivery=open_delivery(session.database, state_listeners(), clock=clock),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: loop.stop())
        try:
            loop.run()
        finally:
            loop.close()
            wakeups.close()

"""Run the tasks of the local executor on this machine.

This process starts the worker and watches it: should the worker die, its tasks' processes are ended, what became of them is
reported at once, and a new worker starts.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from types import FrameType

from tradewind.cli.daemon_log import configure_log
from tradewind.cli.session import open_session
from tradewind.execution.local_executor import LocalExecutor
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.wakeups import open_wakeups
from tradewind.transitions.loading import open_graphs

FOREVER = 10 * 365 * 86_400.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.set_defaults(run=worker)


def worker(_options: argparse.Namespace) -> None:
    """Run tasks until SIGTERM or Ctrl+C: the first lets running tasks end, the second ends them."""
    with open_session() as session:
        configure_log(session.config)
        clock = SystemClock()
        wakeups = open_wakeups(session.database, session.config.home)
        executor = LocalExecutor(
            session.config,
            session.database,
            graphs=open_graphs(),
            clock=clock,
            ids=RandomIds(clock.now),
            wakeups=wakeups,
        )
        asked = threading.Event()

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            if asked.is_set() and executor.pid is not None:
                os.kill(executor.pid, signal.SIGTERM)
            asked.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, on_signal)
        executor.start()
        asked.wait()
        executor.stop(drain_seconds=FOREVER)
        wakeups.close()

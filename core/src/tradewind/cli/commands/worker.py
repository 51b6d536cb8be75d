"""Run an executor on this machine: the local one, if no other is named.

With LocalExecutor this process starts the worker and watches it: should the worker die, its tasks' processes are ended, what
became of them is reported at once, and a new worker starts.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from types import FrameType

from tradewind_plugins.contracts.executor import Executor, ExecutorSetup

from tradewind.cli.daemon_log import configure_log
from tradewind.cli.session import open_session
from tradewind.config import Config
from tradewind.execution.log_stores import open_log_store
from tradewind.plugins.executors import executor_class

FOREVER = 10 * 365 * 86_400.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("--executor", metavar="NAME", help="which executor (default: executor.default)")
    parser.set_defaults(run=worker)


def worker(options: argparse.Namespace) -> None:
    """Run tasks until SIGTERM or Ctrl+C: the first lets running tasks end, the second ends them."""
    with open_session() as session:
        configure_log(session.config)
        open_log_store(session.config).close()  # what is wrong with it is said here, not by a worker that cannot start
        executor = _open_executor(session.config, options.executor)
    asked = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            executor.hurry()
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    executor.start()
    asked.wait()
    executor.stop(drain_seconds=FOREVER)


def _open_executor(config: Config, asked: str | None) -> Executor:
    name = asked or config.executor.default
    whose = "executor.default" if asked is None else "--executor"
    setup = ExecutorSetup(
        name=name,
        home=str(config.home),
        slots=config.executor.slots,
        environ={**os.environ, "TRADEWIND_HOME": str(config.home)},
    )
    return executor_class(name, whose).open(setup)

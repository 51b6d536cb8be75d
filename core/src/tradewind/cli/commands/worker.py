"""Run an executor on this machine: the local one, if no other is named.

With LocalExecutor this process starts the worker and watches it: should the worker die, its tasks' processes are ended, what
became of them is reported at once, and a new worker starts.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
from collections.abc import Mapping
from contextlib import closing

from tradewind_plugins.contracts.executor import Executor, ExecutorSetup

from tradewind import notify
from tradewind.cli.daemon import add_daemon_options, run_daemon
from tradewind.cli.probe import open_probe
from tradewind.cli.session import open_session
from tradewind.cli.stopping import stop_on_signals
from tradewind.config import Config
from tradewind.daemon_log import DaemonFiles, configure_log, obey_log_signals
from tradewind.execution.log_stores import open_log_store
from tradewind.plugins.executors import executor_class

NAME = "worker"
LOCAL = "LocalExecutor"
TURN_SECONDS = 1.0
FOREVER = 10 * 365 * 86_400.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("--executor", metavar="NAME", help="which executor (default: executor.default)")
    add_daemon_options(parser, NAME)
    parser.set_defaults(run=worker)


def worker(options: argparse.Namespace) -> None:
    """Run tasks until SIGTERM or Ctrl+C: the first lets running tasks end, the second ends them."""
    run_daemon(options, NAME, lambda files: _work(options, files))


def _work(options: argparse.Namespace, files: DaemonFiles) -> None:
    with open_session() as session:
        config = session.config
        configure_log(config, files)
        open_log_store(config).close()  # what is wrong with it is said here, not by a worker that cannot start
        name = options.executor or config.executor.default
        ears = notify.NotifySocket()
        environ = files.environment() | (ears.environment if name == LOCAL else {})
        executor = _open_executor(config, options.executor, environ)
    stop_ear, stop_mouth = os.pipe()
    with (
        closing(ears),
        closing(open_probe(config.executor.enable_health_check, config, "executor")),
    ):
        stop_on_signals(lambda: _ring(stop_mouth), executor.hurry)
        obey_log_signals(files, also=lambda: _pass_on(executor, signal.SIGHUP))
        executor.start()
        while stop_ear not in select.select([stop_ear, ears.fileno()], [], [], TURN_SECONDS)[0]:
            # The worker's own loop is what counts; an executor that has none lives as long as this process
            if name != LOCAL or ears.heard():
                notify.beat()
        notify.stopping()
        executor.stop(drain_seconds=FOREVER)


def _ring(mouth: int) -> None:
    os.write(mouth, b"x")


def _pass_on(executor: Executor, number: signal.Signals) -> None:
    """Send a signal to the process that the local executor watches; it has the same files open."""
    pid = getattr(executor, "pid", None)
    if pid is not None:
        os.kill(pid, number)


def _open_executor(config: Config, asked: str | None, environ: Mapping[str, str]) -> Executor:
    name = asked or config.executor.default
    whose = "executor.default" if asked is None else "--executor"
    setup = ExecutorSetup(
        name=name,
        home=str(config.home),
        slots=config.executor.slots,
        environ={**os.environ, **environ, "TRADEWIND_HOME": str(config.home)},
    )
    return executor_class(name, whose).open(setup)

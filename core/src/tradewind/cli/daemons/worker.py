"""Run an executor on this machine: the local one, if no other is named.

With LocalExecutor this process starts the worker and watches it: should the worker die, its tasks' processes are ended, what
became of them is reported at once, and a new worker starts. With --server neither needs the metadata database.
"""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack, closing

from tradewind import notify
from tradewind.cli.daemons.worker_daemon import run_executor
from tradewind.cli.processes.daemon import add_daemon_options, run_daemon
from tradewind.config import load
from tradewind.daemon_log import DaemonFiles
from tradewind.execution.prestart import Prestarted

NAME = "worker"
LOCAL = "LocalExecutor"
SERVER = "TRADEWIND__WORKER__SERVER"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("--executor", metavar="NAME", help="which executor (default: executor.default)")
    parser.add_argument(
        "--server",
        dest="asked_server",  # `server` is that of commands which are done elsewhere
        metavar="URL",
        help="do without the database: ask this web server (default: worker.server of the configuration)",
    )
    add_daemon_options(parser, NAME)
    parser.set_defaults(run=worker)


def worker(options: argparse.Namespace) -> None:
    """Run tasks until SIGTERM or Ctrl+C: the first lets running tasks end, the second ends them."""
    run_daemon(options, NAME, lambda files: _work(options, files))


def _work(options: argparse.Namespace, files: DaemonFiles) -> None:
    given = {} if options.asked_server is None else {SERVER: options.asked_server}
    config = load(environ={**os.environ, **given}).config
    is_local = (options.executor or config.executor.default) == LOCAL
    with ExitStack() as stack:
        ears = stack.enter_context(closing(notify.NotifySocket()))
        environ = {**os.environ, **given, **files.environment(), "TRADEWIND_HOME": str(config.home)}
        begun = None
        if is_local:
            environ |= ears.environment
            begun = Prestarted(environ)
            stack.callback(begun.drop)
        run_executor(options.executor, environ, files, ears, begun)

"""Run a worker until SIGTERM or Ctrl+C, which let the tries that run end."""

from __future__ import annotations

import argparse
import os
import socket
from contextlib import ExitStack
from pathlib import Path

from tradewind_plugins.contracts.executor import ExecutorSetup
from tradewind_plugins.host import current

from tradewind_celery.app import make_app
from tradewind_celery.cli.background import Files, adopt_listener, start_in_background
from tradewind_celery.cli.pid_file import PidFile
from tradewind_celery.options import NAME as EXECUTOR
from tradewind_celery.options import CeleryOptions
from tradewind_celery.worker import WorkerOptions, run_worker

__all__ = ["configure", "default_pid", "run"]

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def default_pid(setup: ExecutorSetup) -> Path:
    """Return the pid file of a worker in the background, where no other was named."""
    return Path(setup.home) / "tradewind-celery-worker.pid"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("-q", "--queues", metavar="A,B", type=_names, default=(), help="take messages of these queues")
    parser.add_argument("-c", "--concurrency", metavar="N", type=_count, help="run so many tries at once")
    parser.add_argument("-a", "--autoscale", metavar="MAX,MIN", type=_range, help="or so many as there is work for")
    parser.add_argument(
        "-H", "--hostname", metavar="NAME", default="", help="its name among workers (default: celery@ and the host's)"
    )
    parser.add_argument(
        "--without-mingle",
        action="store_true",
        help="start a second earlier, and do not ask the other workers which messages were cancelled",
    )
    parser.add_argument("--log-level", choices=LEVELS, default="INFO", help="what it logs at least (default: INFO)")
    group = parser.add_argument_group(
        "as a daemon",
        "With -D the files are by default TRADEWIND_HOME/tradewind-celery-worker.pid, .out, .err and .log.",
    )
    group.add_argument(
        "-D", "--daemon", action="store_true", help="run in the background; return when it works, or say why not"
    )
    group.add_argument("--pid", type=Path, metavar="FILE", help="pid file, held as long as it runs")
    group.add_argument("--stdout", type=Path, metavar="FILE", help="append standard output to this file")
    group.add_argument("--stderr", type=Path, metavar="FILE", help="append standard error to this file")
    group.add_argument("-l", "--log-file", type=Path, metavar="FILE", help="write the log to this file")


def run(options: argparse.Namespace) -> int:
    """Run a worker, or start one in the background.

    Raises:
        TradewindException: It runs already, or did not start.
        TradewindConfigException: An option of the executor cannot be used.
    """
    setup = current().executor_setup(EXECUTOR)
    make_app(CeleryOptions.of(setup), sends=False)  # what is wrong with the options is said here, not in a log
    if options.daemon:
        print(start_in_background(options.given, _files(options, setup)))
        return 0
    wanted = WorkerOptions(
        queues=options.queues,
        concurrency=options.concurrency,
        autoscale=options.autoscale,
        hostname=_node(options.hostname),
        log_level=options.log_level,
        mingles=not options.without_mingle,
        log_file=str(options.log_file or ""),
    )
    tell = adopt_listener()
    environ = {name: value for name, value in setup.environ.items() if name in os.environ or name == "TRADEWIND_HOME"}
    with ExitStack() as stack:
        if options.pid is not None:
            stack.callback(PidFile.take(options.pid.absolute()).release)
        return run_worker(setup.replace(environ=environ), wanted, ready=lambda name: tell(f"READY=1\nSTATUS={name}"))


def _files(options: argparse.Namespace, setup: ExecutorSetup) -> Files:
    pid = (options.pid or default_pid(setup)).absolute()

    def named(given: Path | None, suffix: str) -> Path:
        return given.absolute() if given is not None else Path(setup.home) / f"tradewind-celery-worker.{suffix}"

    return Files(
        pid=pid,
        out=named(options.stdout, "out"),
        err=named(options.stderr, "err"),
        log=named(options.log_file, "log"),
    )


def _node(name: str) -> str:
    """Return a worker's whole name, which has the host's after an `@`; %h stands for it too."""
    whole = name if not name or "@" in name else f"{name}@%h"
    return whole.replace("%h", socket.gethostname())


def _names(text: str) -> tuple[str, ...]:
    found = tuple(each.strip() for each in text.split(","))
    if not all(found):
        raise argparse.ArgumentTypeError("names of queues with commas between them are wanted, such as default,large")
    return found


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number is wanted, 1 or more")
    return int(text)


def _range(text: str) -> tuple[int, int]:
    words = text.split(",")
    if len(words) != len(("most", "fewest")) or not all(word.strip().isdigit() for word in words):
        raise argparse.ArgumentTypeError("two numbers are wanted, the most and the fewest, such as 16,4")
    most, fewest = (int(word) for word in words)
    if not 0 < most >= fewest:
        raise argparse.ArgumentTypeError("the first number is the most, 1 or more, and no smaller than the second")
    return most, fewest

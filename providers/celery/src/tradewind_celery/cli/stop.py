"""Ask a worker to take nothing new and to end when the tries that it runs have."""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.host import current

from tradewind_celery.app import make_app
from tradewind_celery.cli.pid_file import holder_of
from tradewind_celery.cli.worker import default_pid
from tradewind_celery.options import NAME as EXECUTOR
from tradewind_celery.options import CeleryOptions, mask, shown

__all__ = ["configure", "run"]

ANSWER_SECONDS = 2.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--pid",
        type=Path,
        metavar="FILE",
        help="that of this pid file (default: TRADEWIND_HOME/tradewind-celery-worker.pid)",
    )
    which.add_argument("-H", "--hostname", metavar="NAME", help="that of this name, wherever it runs")


def run(options: argparse.Namespace) -> int:
    """Ask it, and return.

    Raises:
        TradewindException: There is none.
    """
    setup = current().executor_setup(EXECUTOR)
    if options.hostname:
        _stop_by_name(options.hostname, CeleryOptions.of(setup))
        return 0
    path = (options.pid or default_pid(setup)).absolute()
    pid = holder_of(path)
    if pid is None:
        raise TradewindException(f"No worker of Celery holds the pid file {path}: name another one with --pid.")
    os.kill(pid, signal.SIGTERM)
    print(f"The worker with pid {pid} takes nothing new, and ends when the tries that it runs have.")
    return 0


def _stop_by_name(name: str, options: CeleryOptions) -> None:
    app = make_app(options, sends=True)
    try:
        alive = _alive(app)
        found = [each for each in alive if name in (each, each.partition("@")[0])]
        if found:
            app.control.shutdown(destination=found)
    except Exception as error:
        cause = mask(f"{type(error).__name__}: {error}", options)
        where = f"{shown(options.broker_url)} (option broker_url of {EXECUTOR} in the setting executor.options)"
        raise TradewindException(f"The broker {where} cannot be used: {cause}") from error
    finally:
        app.close()
    if not found:
        there = f"there are {', '.join(alive)}" if alive else "none answers"
        raise TradewindException(f"No worker of the name {name!r} answers; {there}.")
    print(f"{', '.join(found)}: takes nothing new, and ends when the tries that it runs have.")


def _alive(app: Any) -> list[str]:
    return sorted(name for reply in app.control.ping(timeout=ANSWER_SECONDS) or [] for name in reply)

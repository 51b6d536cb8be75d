"""`tradewind tasks run-try`: what executors call where a ticket has got to."""

from __future__ import annotations

import argparse
import os

from tradewind.cli.verbs import Verbs
from tradewind.config import load
from tradewind.daemon_log import DaemonFiles, configure_log
from tradewind.execution.ticket_run import KIND, watch_ticket


def add_verbs(verbs: Verbs) -> None:
    """Declare the verb."""
    verb = verbs.add("run-try", run_try)
    verb.add_argument("instance", type=int, help="the task instance, as the ticket names it")
    verb.add_argument("token", type=int, help="which dispatch of it, as the ticket names it")
    verb.add_argument("--executor", metavar="NAME", help="whose ticket it is (default: executor.default)")


def run_try(options: argparse.Namespace) -> int:
    """Run the one try that an executor's ticket names, to its end; nothing where it is not queued any more.

    For executors, not for people: `tradewind tasks run` runs a task by its name. The exit code is 0 however the try ended. SIGTERM
    ends the try.
    """
    config = load().config
    configure_log(config, DaemonFiles.of_environment(), KIND)
    executor = options.executor or config.executor.default
    return watch_ticket(config, os.environ, options.instance, options.token, executor)

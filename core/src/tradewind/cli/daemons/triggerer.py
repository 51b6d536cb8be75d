"""Run a triggerer: what deferred tasks wait for; any number may run at once, on one machine or many.

It starts a process that runs the triggers when there is a first one.
"""

from __future__ import annotations

import argparse
import sys

from tradewind.cli.processes.daemon import add_daemon_options, run_daemon
from tradewind.cli.processes.probe import open_probe
from tradewind.cli.shared.session import open_session
from tradewind.daemon_log import DaemonFiles, configure_log
from tradewind.execution.log_stores import open_log_store
from tradewind.execution.triggerer.daemon import run_triggerer
from tradewind.metrics.reporting import check_exporters

NAME = "triggerer"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("--capacity", type=int, metavar="N", help="triggers at once (default: triggerer.capacity)")
    add_daemon_options(parser, NAME)
    parser.set_defaults(run=triggerer)


def triggerer(options: argparse.Namespace) -> None:
    """Run triggers until SIGTERM or Ctrl+C; what it ran goes on with another triggerer, or with the next one."""
    run_daemon(options, NAME, lambda files: _work(options, files))


def _work(options: argparse.Namespace, files: DaemonFiles) -> None:
    overrides = {} if options.capacity is None else {("triggerer", "capacity"): options.capacity}
    with open_session(overrides=overrides, is_daemon=True) as session:
        config = session.config
        configure_log(config, files, NAME)
        check_exporters(config, NAME)
        open_log_store(config).close()  # what is wrong with it is said here, not with the first line of a trigger
    probe = open_probe(config.triggerer.enable_health_check, config, "triggerer")
    try:
        code = run_triggerer(config)
    finally:
        probe.close()
    if code:
        sys.exit(code)

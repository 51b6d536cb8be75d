"""Run the tasks of the local executor on this machine."""

from __future__ import annotations

import argparse
import os
import uuid

from tradewind.cli.daemon_log import configure_log
from tradewind.cli.session import open_session
from tradewind.execution.worker import run_worker


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.set_defaults(run=worker)


def worker(_options: argparse.Namespace) -> int:
    """Run tasks until SIGTERM or Ctrl+C: the first lets running tasks end, the second ends them."""
    with open_session() as session:
        configure_log(session.config)
    os.environ["TRADEWIND_WORKER"] = i = str(uuid.uuid4())
    return run_worker(session.config, i)

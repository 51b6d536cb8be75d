"""Run a scheduler; any number may run at once, on one machine or many.

With LocalExecutor a worker runs beside it, unless --no-worker is given or scheduler.start_worker is false.
"""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command."""
    parser.add_argument("--no-worker", action="store_true", help="start no local worker beside it")
    parser.set_defaults(run=scheduler)

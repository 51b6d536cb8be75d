"""`-v`: daemons log at DEBUG, other commands say each statement that reaches the database."""

from __future__ import annotations

import logging
import os
import sys

STATEMENTS = "tradewind.statements"
DAEMONS = {"standalone", "scheduler", "worker", "triggerer", "dag-processor", "webserver"}


def speak(group: str) -> None:
    """Make this process, and for daemons those that it starts, say more on stderr."""
    if group in DAEMONS:
        os.environ["TRADEWIND__LOGS__LEVEL"] = "DEBUG"
        return
    logger = logging.getLogger(STATEMENTS)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.handlers = [handler]

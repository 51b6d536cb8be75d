"""The daemons' own log: lines on standard error, at the configured level."""

from __future__ import annotations

import logging
import sys

from tradewind.config import Config

LINE = "%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s: %(message)s"


def configure_log(config: Config) -> None:
    """Send this process's log to standard error.

    Raises:
        ValueError: when `logs.level` is no level.
    """
    logging.basicConfig(stream=sys.stderr, level=config.logs.level.upper(), format=LINE, datefmt="%Y-%m-%dT%H:%M:%S")

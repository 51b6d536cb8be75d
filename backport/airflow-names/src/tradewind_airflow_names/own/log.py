"""`airflow.utils.log`."""

from __future__ import annotations

import logging
from functools import cached_property


class LoggingMixin:
    """Gives a class `self.log`, a logger named as the class is."""

    @cached_property
    def log(self) -> logging.Logger:
        """The logger."""
        return logging.getLogger(f"{type(self).__module__}.{type(self).__qualname__}")

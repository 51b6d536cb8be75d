"""What a run is about, by Airflow's names."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

__all__ = ["DataInterval"]


class DataInterval(NamedTuple):
    """The stretch of time whose data a run is about: from `start` up to, not including, `end`."""

    start: datetime
    end: datetime

    @classmethod
    def exact(cls, at: datetime) -> DataInterval:
        """Return the empty interval at a moment."""
        return cls(at, at)

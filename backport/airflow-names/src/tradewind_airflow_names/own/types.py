"""`airflow.utils.types`."""

from __future__ import annotations

from enum import Enum


class ArgNotSet:
    """The type of `NOTSET`."""


NOTSET = ArgNotSet()
"""Stands where None is a value that people may give."""


class DagRunType(str, Enum):
    """What made a run."""

    BACKFILL_JOB = "backfill"
    SCHEDULED = "scheduled"
    MANUAL = "manual"
    DATASET_TRIGGERED = "dataset_triggered"

    def __str__(self) -> str:
        """Return the value: it is compared with texts."""
        return self.value

"""`airflow.utils.types`."""

from __future__ import annotations

from tradewind_airflow_names.own.texts import TextEnum


class ArgNotSet:
    """The type of `NOTSET`."""


NOTSET = ArgNotSet()
"""Stands where None is a value that people may give."""


class DagRunType(TextEnum):
    """What made a run."""

    BACKFILL_JOB = "backfill"
    SCHEDULED = "scheduled"
    MANUAL = "manual"
    DATASET_TRIGGERED = "dataset_triggered"

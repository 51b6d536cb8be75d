"""``macros`` in templates: dates, and a little of the standard library, by Airflow's names."""

from __future__ import annotations

import json
import random
import time
import uuid
from datetime import datetime, timedelta

import pendulum

__all__ = [
    "datetime",
    "datetime_diff_for_humans",
    "ds_add",
    "ds_format",
    "json",
    "random",
    "time",
    "timedelta",
    "uuid",
]


def ds_add(ds: str, days: int) -> str:
    """Return the date ``days`` later (or earlier, if negative) than ``ds``, which is in the form YYYY-MM-DD."""
    return (datetime.strptime(ds, "%Y-%m-%d") + timedelta(days=days)).strftime("%Y-%m-%d")  # noqa: DTZ007 - a date


def ds_format(ds: str, input_format: str, output_format: str) -> str:
    """Return the date ``ds``, read in one form, written in another; both as in ``strftime``."""
    return datetime.strptime(ds, input_format).strftime(output_format)  # noqa: DTZ007 - a date


def datetime_diff_for_humans(dt: datetime, since: datetime | None = None) -> str:
    """Return how long before or after ``since`` (now, if left out) ``dt`` is, in words."""
    moment = pendulum.instance(dt)
    return moment.diff_for_humans(pendulum.instance(since)) if since is not None else moment.diff_for_humans()

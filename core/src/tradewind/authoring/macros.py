"""``macros`` in templates: dates, and a little of the standard library, by Airflow's names."""

from __future__ import annotations

import importlib
import json
import random
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

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


_others: list[Callable[[str], Any]] = []


def ask_also(source: Callable[[str], Any]) -> None:
    """Let ``macros.name`` be answered by ``source(name)`` where nothing here has it; None: it has not either."""
    if source not in _others:
        _others.append(source)


def ask_no_more(source: Callable[[str], Any]) -> None:
    """Undo :func:`ask_also`."""
    if source in _others:
        _others.remove(source)


_PARTS_OF_DATEUTIL = ("easter", "parser", "relativedelta", "rrule", "tz", "utils")


def _dateutil() -> Any:
    """Import the package with its parts, for a template that names it: few do."""
    for part in _PARTS_OF_DATEUTIL:
        importlib.import_module(f"dateutil.{part}")
    return importlib.import_module("dateutil")


def __getattr__(name: str) -> Any:
    if name == "dateutil":
        return _dateutil()
    if not name.startswith("__"):
        for source in _others:
            found = source(name)
            if found is not None:
                return found
    raise AttributeError(f"there is no macro {name!r}")

"""Schedules in words."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from cronsim import CronSim, CronSimError

from tradewind.timetables import Timetable
from tradewind.timetables.cron import PRESETS

_WORDS = {"None": "when asked", "@once": "once", "@continuous": "again whenever a run has ended"}


def schedule(timetable: Timetable) -> str:
    """Return when runs are made, in words: `15 4 * * *` is `at 04:15 every day`; what no words fit is as it was written."""
    return in_words(timetable.summary)


@lru_cache(maxsize=4096)
def in_words(summary: str) -> str:
    """Return the summary of a timetable in words; a cron expression anywhere in a list of them is explained."""
    if summary in _WORDS:
        return _WORDS[summary]
    return ", ".join(_explained(each) for each in summary.split(", "))


def _explained(text: str) -> str:
    try:
        found: str = CronSim(PRESETS.get(text, text), datetime(2000, 1, 1)).explain()  # noqa: DTZ001 - it explains only
    except CronSimError:
        return text
    return found[0].lower() + found[1:]

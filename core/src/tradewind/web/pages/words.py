"""Values in words, for templates: moments, lengths of time, numbers, states."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup, escape

from tradewind.metadata.columns import EPOCH, MICROSECOND
from tradewind.web.pages.schedules import schedule

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
STATE_SIGNS: Mapping[str, str] = {
    "none": "·",
    "scheduled": "◦",
    "queued": "…",
    "running": "▸",
    "success": "✓",
    "failed": "✕",
    "upstream_failed": "⤫",
    "skipped": "↷",
    "up_for_retry": "↻",
    "up_for_reschedule": "⟳",
    "deferred": "⏾",
    "removed": "–",
    "lost": "?",
    "never_started": "∅",
}
"""A sign for each state: nobody has to tell colours apart."""
_STATE_WORDS = {"none": "waiting"}


def moment(value: datetime | None) -> Markup | str:
    """Return a moment that the page's script shows in the reader's time zone; in UTC where no script runs."""
    if value is None:
        return ""
    text = value.strftime("%Y-%m-%d %H:%M:%S")
    return Markup('<time datetime="{}">{} UTC</time>').format(value.isoformat(), text)


def ago(value: datetime | None) -> Markup | str:
    """Return a moment that the page's script shows as seen from now, such as `3 min ago`."""
    if value is None:
        return ""
    text = value.strftime("%Y-%m-%d %H:%M:%S")
    return Markup('<time datetime="{}" data-relative>{} UTC</time>').format(value.isoformat(), text)


def duration(value: timedelta | float | None) -> str:
    """Return a length of time in its two largest units, such as `1 h 5 min`; in seconds with a decimal below ten."""
    if value is None:
        return ""
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 0:
        return "0 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    left, found = round(seconds), []
    for unit, size in _UNITS:
        number, left = divmod(left, size)
        if number:
            found.append(f"{number} {unit}")
    return " ".join(found[:2])


def between(start: datetime | None, end: datetime | None) -> str:
    """Return the length of time between two moments."""
    return "" if start is None or end is None else duration(end - start)


def state_word(state: str) -> str:
    """Return a state in a word for people."""
    return _STATE_WORDS.get(state, state.replace("_", " "))


def state(name: str | None) -> Markup | str:
    """Return a state as a badge: a sign and a word."""
    if not name:
        return ""
    return Markup('<span class="state {}"><span aria-hidden="true">{}</span> {}</span>').format(
        name, STATE_SIGNS.get(name, "•"), state_word(name)
    )


def sentence(text: str) -> Markup:
    """Return a sentence with what stands between backticks, such as a command, as code."""
    parts = [
        Markup("<code>{}</code>").format(each) if place % 2 else escape(each)
        for place, each in enumerate(text.split("`"))
    ]
    return Markup("").join(parts)


def bar(run: Any) -> int:
    """Return how high the bar of a run is, from 0 to 10: by powers of two of its seconds, so that short ones are seen too."""
    if run.started_at is None or run.ended_at is None:
        return 0
    took: timedelta = run.ended_at - run.started_at
    return min(10, int(took.total_seconds()).bit_length())


def microseconds(value: datetime | None) -> int | None:
    """Return a moment as microseconds since 1970, for scripts."""
    return None if value is None else (value - EPOCH) // MICROSECOND


FILTERS: Mapping[str, Callable[..., Any]] = {
    "moment": moment,
    "ago": ago,
    "duration": duration,
    "between": between,
    "bar": bar,
    "from_json": json.loads,
    "schedule": schedule,
    "sentence": sentence,
    "state": state,
    "state_word": state_word,
    "state_sign": lambda name: STATE_SIGNS.get(name, "•"),
}

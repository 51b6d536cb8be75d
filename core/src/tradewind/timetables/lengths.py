"""Lengths of time that schedules are made of: timedeltas, and relativedeltas such as a month."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta  # type: ignore[import-untyped]
from tradewind_plugins.exceptions import TradewindTimetableInvalid

Length = Any
"""A timedelta or a relativedelta, whose package has no types."""
_PARTS = ("years", "months", "days", "hours", "minutes", "seconds", "microseconds")
_MOMENT = datetime(2000, 1, 1)  # noqa: DTZ001 - only to compare lengths by


def checked_length(value: Any, what: str, *, is_above_zero: bool = False) -> Length:
    """Return a length of time.

    Raises:
        TradewindTimetableInvalid: it is none, or not of more than nothing where it must be.
    """
    if not isinstance(value, (timedelta, relativedelta)):
        raise TradewindTimetableInvalid(f"{what}={value!r} is no length of time; give a timedelta.")
    if isinstance(value, relativedelta) and value != relativedelta(**{name: getattr(value, name) for name in _PARTS}):
        raise TradewindTimetableInvalid(f"{what}={value!r} names a moment; give a relativedelta that is a length only.")
    least = _MOMENT + value
    if least < _MOMENT or (is_above_zero and least == _MOMENT):
        raise TradewindTimetableInvalid(f"A {what} of {value!r} never moves on; give a timedelta above zero.")
    return value


def length_spec(value: Length) -> Any:
    """Return a length as JSON: seconds, or the parts of a relativedelta."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    return {name: getattr(value, name) for name in _PARTS if getattr(value, name)}


def length_of(spec: Any) -> Length:
    """Return the length that `length_spec` described."""
    return relativedelta(**spec) if isinstance(spec, dict) else timedelta(seconds=spec)


def length_words(value: Length) -> str:
    """Return a length for people."""
    if isinstance(value, timedelta):
        return str(value)
    return ", ".join(f"{number} {name}" for name, number in length_spec(value).items())

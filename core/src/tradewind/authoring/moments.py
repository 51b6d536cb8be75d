"""Moments that authors give as datetimes or as texts, which may come out of a template."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pendulum
from pendulum.parsing.exceptions import ParserError
from tradewind_plugins.exceptions import TradewindException


def as_moment_of(value: Any, what: str) -> datetime:
    """Return a moment of a datetime or a text in ISO 8601; without a time zone it is in UTC.

    Args:
        what: what is given, such as ``Task 'wait': target_time``, for the message.

    Raises:
        TradewindException: it is no moment.
    """
    if isinstance(value, datetime):
        return pendulum.instance(value, tz="UTC")
    try:
        return pendulum.instance(datetime.fromisoformat(value), tz="UTC")
    except (TypeError, ValueError):
        found = _lenient(value)
    if not isinstance(found, datetime):
        raise TradewindException(f"{what} is rendered to {value!r}, which is no moment in ISO 8601.")
    return found


def _lenient(value: Any) -> Any:
    """Read what Python 3.10 does not take for ISO 8601, such as a Z in place of an offset."""
    try:
        return pendulum.parse(value, tz="UTC") if isinstance(value, str) else None
    except ParserError:
        return None

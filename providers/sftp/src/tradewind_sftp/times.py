"""Instants: as the server's files have them, and as people write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from tradewind_plugins.exceptions import TradewindException

__all__ = ["seconds_of", "stamp_of"]

_ISO = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)([T ](?P<clock>\d\d:\d\d(:\d\d)?)(\.\d+)?)?\s*(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?\Z"
)


def seconds_of(instant: datetime | str) -> float:
    """Return the seconds since 1970 of an instant; one without a zone is UTC.

    Raises:
        TradewindException: the text is no date as ISO 8601 writes it.
    """
    if isinstance(instant, datetime):
        aware = instant if instant.tzinfo is not None else instant.replace(tzinfo=timezone.utc)
        return aware.timestamp()
    found = _ISO.match(instant.strip())
    if found is None:
        raise TradewindException(f"{instant!r} is no instant: write it as 2026-11-23 or 2026-11-23T20:25:00+00:00")
    clock = found.group("clock") or "00:00:00"
    text = f"{found.group('day')} {clock if clock.count(':') == 2 else clock + ':00'}"
    moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    return (moment - _offset(found.group("zone") or "Z")).timestamp()


def _offset(zone: str) -> timedelta:
    if zone in {"Z", "UTC"}:
        return timedelta(0)
    digits = zone[1:].replace(":", "")
    whole = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -whole if zone[0] == "-" else whole


def stamp_of(seconds: float) -> str:
    """Return an instant as `YYYYMMDDHHMMSS` in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y%m%d%H%M%S")

"""Instants as messages carry them: microseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)


def instant(seconds: float) -> int:
    """Return a `time.time()` in microseconds since 1970."""
    return int(seconds * 1_000_000)


def moment(microseconds: int | None) -> datetime | None:
    """Return microseconds since 1970 as an aware datetime in UTC."""
    return None if microseconds is None else EPOCH + microseconds * MICROSECOND


def microseconds(moment: datetime | None) -> int | None:
    """Return an aware datetime as microseconds since 1970."""
    return None if moment is None else (moment - EPOCH) // MICROSECOND

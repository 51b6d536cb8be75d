"""`airflow.utils.timezone`: dates that have a time zone; UTC where none is named."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pendulum

utc = pendulum.timezone("UTC")


def is_localized(value: dt.datetime) -> bool:
    """Tell whether a date has a time zone."""
    return value.utcoffset() is not None


def is_naive(value: dt.datetime) -> bool:
    """Tell whether a date has no time zone."""
    return value.utcoffset() is None


def utcnow() -> dt.datetime:
    """Return the present moment in UTC."""
    return dt.datetime.now(tz=utc)


def make_aware(value: dt.datetime, timezone: dt.tzinfo | None = None) -> dt.datetime:
    """Return a date without a time zone as one of `timezone`.

    Raises:
        ValueError: it has one.
    """
    if is_localized(value):
        raise ValueError(f"make_aware wants a date without a time zone, not {value!r}")
    return value.replace(tzinfo=timezone or utc)


def make_naive(value: dt.datetime, timezone: dt.tzinfo | None = None) -> dt.datetime:
    """Return the date that clocks in `timezone` show, without a time zone.

    Raises:
        ValueError: it has none already.
    """
    if is_naive(value):
        raise ValueError(f"make_naive wants a date with a time zone, not {value!r}")
    return dt.datetime.fromisoformat(value.astimezone(timezone or utc).replace(tzinfo=None).isoformat())


def datetime(*args: Any, **kwargs: Any) -> dt.datetime:
    """Return `datetime.datetime(…)`, in UTC where no `tzinfo` is given."""
    kwargs.setdefault("tzinfo", utc)
    return dt.datetime(*args, **kwargs)  # noqa: DTZ001  (it has one by now)


def parse(string: str, timezone: dt.tzinfo | None = None, *, strict: bool = False) -> pendulum.DateTime:
    """Return the moment that a text names, in UTC where it names no time zone."""
    found = pendulum.parse(string, tz=timezone or utc, strict=strict)
    if not isinstance(found, pendulum.DateTime):
        raise ValueError(f"{string!r} names no moment")  # noqa: TRY004  (the type is right, the text is not)
    return found


def coerce_datetime(value: dt.datetime | None, tz: dt.tzinfo | None = None) -> pendulum.DateTime | None:
    """Return a date as pendulum's, in `tz` or UTC where it has no time zone."""
    if value is None:
        return None
    aware = make_aware(value, tz) if is_naive(value) else value
    return pendulum.instance(aware)


def convert_to_utc(value: dt.datetime | None) -> pendulum.DateTime | None:
    """Return a date in UTC; one without a time zone is taken to be in it."""
    found = coerce_datetime(value)
    return None if found is None else found.in_timezone("UTC")


def from_timestamp(timestamp: float, tz: dt.tzinfo | None = None) -> pendulum.DateTime:
    """Return the moment that many seconds after 1970 began in UTC, in `tz` or UTC."""
    return pendulum.instance(dt.datetime.fromtimestamp(timestamp, tz=utc)).in_timezone(tz or utc)  # type: ignore[arg-type]


def utc_epoch() -> dt.datetime:
    """Return the moment at which 1970 began in UTC."""
    return dt.datetime(1970, 1, 1, tzinfo=utc)

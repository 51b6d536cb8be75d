"""How values stand in the copy: instants as SQLite's text, XComs and confs as JSON."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator
from tradewind.execution import results

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


class Utc(TypeDecorator[datetime]):
    """An instant; naive datetimes are refused, as Airflow refuses them."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """See `TypeDecorator`."""
        if value is None:
            return None
        if not isinstance(value, datetime):
            raise TypeError(f"{value!r} is no datetime: compare instants with aware datetimes")
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone: compare instants with aware datetimes")
        return _utc(value).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """See `TypeDecorator`."""
        return None if value is None else value.replace(tzinfo=timezone.utc)


class Decoded(TypeDecorator[Any]):
    """A value that is stored as the JSON of an XCom."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """See `TypeDecorator`."""
        return None if value is None else results.dump(value, "what is compared")

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        """See `TypeDecorator`."""
        return None if value is None else results.load(value)


def microseconds(value: datetime) -> int:
    """Return an aware datetime as microseconds since 1970, as hosts have it."""
    return (_utc(value) - _EPOCH) // _MICROSECOND


def stored(value: datetime) -> str:
    """Return an instant as the copy has it; a naive one is taken as UTC."""
    aware = value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value
    return _utc(aware).replace(tzinfo=None).isoformat(" ", "microseconds")


def stored_instant(value: int | None) -> str | None:
    """Return a host's instant as the copy has it."""
    return None if value is None else stored(_EPOCH + value * _MICROSECOND)


def _utc(value: datetime) -> datetime:
    """Return the instant as a plain datetime: pendulum's reckon with durations of their own."""
    at = value.astimezone(timezone.utc)
    return datetime(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, timezone.utc)

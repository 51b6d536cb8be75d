"""Days of the week, by name and number."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime

from tradewind_plugins.exceptions import TradewindException


@enum.unique
class WeekDay(enum.IntEnum):
    """A day of the week, by its number in ISO 8601."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7

    @classmethod
    def get_weekday_number(cls, week_day_str: str) -> int:
        """Return the number of a day by its English name.

        Raises:
            AttributeError: there is no such day.
        """
        found = cls.__members__.get(week_day_str.upper())
        if found is None:
            raise AttributeError(f"{week_day_str!r} is not a day of the week: they are {', '.join(cls.__members__)}")
        return found

    @classmethod
    def convert(cls, day: str | WeekDay) -> int:
        """Return the number of a day, by name or as a member."""
        return cls.get_weekday_number(day) if isinstance(day, str) else day

    @classmethod
    def validate_week_day(cls, week_day: str | WeekDay | Iterable[str | WeekDay]) -> set[int]:
        """Return the numbers of one day, or of several.

        Raises:
            AttributeError: a name is not that of a day.
            TypeError: it is something else.
        """
        if isinstance(week_day, (str, WeekDay)):
            return {cls.convert(week_day)}
        if not isinstance(week_day, Iterable) or isinstance(week_day, bytes):
            raise TypeError(f"a day of the week is a name, a WeekDay or several of them, not {week_day!r}")
        days = list(week_day)
        for each in days:
            if not isinstance(each, (str, WeekDay)):
                raise TypeError(f"a day of the week is a name or a WeekDay, not {each!r}")
        return {cls.convert(each) for each in days}


class DayChoice:
    """Some days of the week, for an operator that asks whether it is one of them.

    Args:
        week_day: a day by its English name or as a member of :class:`WeekDay`, or several of them.
        where: the task, for messages.

    Raises ``TradewindException`` for what is not a day, and for no day at all.
    """

    def __init__(self, week_day: str | WeekDay | Iterable[str | WeekDay], where: str) -> None:
        try:
            self._numbers = WeekDay.validate_week_day(week_day)
        except (AttributeError, TypeError) as error:
            raise TradewindException(f"{where}: week_day: {error}.") from error
        if not self._numbers:
            raise TradewindException(f"{where}: week_day names no day, so it could never be one of them.")

    def __contains__(self, moment: datetime) -> bool:
        return moment.isoweekday() in self._numbers

    def __str__(self) -> str:
        """Return the days in their order."""
        return " or ".join(WeekDay(number).name.title() for number in sorted(self._numbers))

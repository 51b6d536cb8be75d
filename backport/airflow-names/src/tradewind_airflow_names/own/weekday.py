"""`airflow.utils.weekday`."""

from __future__ import annotations

import enum
from collections.abc import Iterable


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
            TypeError: it is something else.
        """
        if isinstance(week_day, (str, WeekDay)):
            return {cls.convert(week_day)}
        if not isinstance(week_day, Iterable) or isinstance(week_day, bytes):
            raise TypeError(f"a day of the week is a name, a WeekDay or several of them, not {week_day!r}")
        return {cls.convert(each) for each in week_day}


class WeightRule(str, enum.Enum):
    """How a task's priority counts those around it (`airflow.utils.weight_rule`)."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    ABSOLUTE = "absolute"

    @classmethod
    def all_weight_rules(cls) -> set[str]:
        """Return every rule."""
        return set(cls.__members__.values())

    @classmethod
    def is_valid(cls, weight_rule: str) -> bool:
        """Tell whether there is such a rule."""
        return weight_rule in cls.all_weight_rules()

    def __str__(self) -> str:
        """Return the value."""
        return str(self.value)

"""Cron expressions in a named time zone.

The expression is evaluated on the zone's wall clock, with Debian cron's rules for the days on which clocks change: a
time of day that does not exist is made up for right after the gap, one that happens twice happens once, and what
runs more often than hourly goes by elapsed time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from tradewind_plugins.exceptions import TradewindTimetableInvalid

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}

_BACK_STEP = timedelta(hours=4)  # longer than any change of clocks that cron's rules cover


@lru_cache(maxsize=512)
def zone(name: str) -> tzinfo:
    """Return the time zone called ``name``, for instance ``Europe/Berlin``, ``UTC`` or ``+02:00``.

    Raises:
        TradewindTimetableInvalid: there is none.
    """
    if name == "UTC":
        return timezone.utc
    if name[:1] in "+-":
        return datetime.strptime(name, "%z").tzinfo or timezone.utc
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise TradewindTimetableInvalid(
            f"There is no time zone {name!r}; use a name such as 'Europe/Berlin'."
        ) from None


@lru_cache(maxsize=1024)
def check_expression(expression: str) -> str:
    """Return the cron expression behind ``expression``, which may be a preset.

    Raises:
        TradewindTimetableInvalid: it is not a cron expression of five fields.
    """
    fields = PRESETS.get(expression, expression)
    if len(fields.split()) != 5:
        presets = ", ".join(PRESETS)
        raise TradewindTimetableInvalid(
            f"{expression!r} is not a schedule: give a cron expression of five fields, or one of {presets}, @once."
        )
    try:
        CronSim(fields, datetime(2000, 1, 1))  # noqa: DTZ001 - only checks the expression
    except CronSimError as error:
        raise TradewindTimetableInvalid(f"{expression!r} is not a cron expression: {error}.") from None
    return fields


class Cron:
    """A cron expression in a time zone: the ticks before and after a moment. All moments are in UTC."""

    def __init__(self, expression: str, timezone_name: str) -> None:
        self.expression = check_expression(expression)
        self.timezone_name = timezone_name
        self._zone = zone(timezone_name)

    def after(self, moment: datetime) -> datetime:
        """Return the first tick after ``moment``.

        Raises:
            TradewindTimetableInvalid: there is none within fifty years.
        """
        return next(self._ticks(moment))

    def before(self, moment: datetime) -> datetime:
        """Return the last tick before ``moment``: the one that :meth:`after` leads on from.

        Raises:
            TradewindTimetableInvalid: there is none within fifty years.
        """
        # Where clocks change, the library's backward step is not the reverse of its forward step. So it only gives the
        # place to start from, and the answer is always a tick of the forward sequence.
        margin = _BACK_STEP if self._clocks_change_near(moment) else timedelta(0)
        try:
            rough = next(CronSim(self.expression, (moment - margin).astimezone(self._zone), reverse=True))
        except StopIteration:
            raise self._never(moment) from None
        last = rough.astimezone(timezone.utc)
        for tick in self._ticks(last):
            if tick >= moment:
                return last
            last = tick
        raise AssertionError("ticks do not end without an error")

    def _clocks_change_near(self, moment: datetime) -> bool:
        around = (moment - _BACK_STEP, moment, moment + _BACK_STEP)
        return len({each.astimezone(self._zone).utcoffset() for each in around}) > 1

    def _ticks(self, moment: datetime) -> Iterator[datetime]:
        simulation = CronSim(self.expression, moment.astimezone(self._zone))
        last = moment
        while True:
            try:
                tick = next(simulation).astimezone(timezone.utc)
            except StopIteration:
                raise self._never(moment) from None
            if tick > last:  # in the hour that clocks repeat, the wall clock can be behind the moment
                yield tick
                last = tick

    def at_or_after(self, moment: datetime) -> datetime:
        """Return ``moment`` if it is a tick, else the first tick after it."""
        return self.after(moment - timedelta(microseconds=1))

    def at_or_before(self, moment: datetime) -> datetime:
        """Return ``moment`` if it is a tick, else the last tick before it."""
        return self.before(moment + timedelta(microseconds=1))

    def _never(self, moment: datetime) -> TradewindTimetableInvalid:
        return TradewindTimetableInvalid(f"The schedule {self.expression!r} never happens near {moment.isoformat()}.")

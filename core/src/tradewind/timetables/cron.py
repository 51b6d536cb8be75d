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

_INSTANT = timedelta(microseconds=1)
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
        minute, hour = self.expression.split()[:2]
        self._is_at_fixed_times = not minute.startswith("*") and not hour.startswith("*")

    def after(self, moment: datetime) -> datetime:
        """Return the first tick after ``moment``.

        Raises:
            TradewindTimetableInvalid: there is none within fifty years.
        """
        if self._is_at_fixed_times:
            return next(self._fixed_ticks(moment))
        return self._nearest(moment, reverse=False)

    def before(self, moment: datetime) -> datetime:
        """Return the last tick before ``moment``: the one that :meth:`after` leads on from.

        Raises:
            TradewindTimetableInvalid: there is none within fifty years.
        """
        if not self._is_at_fixed_times:
            return self._nearest(moment, reverse=True)
        # Where clocks change, the library's backward step is not the reverse of its forward step. So it only gives the
        # place to start from, and the answer is always a tick of the forward sequence.
        around = (moment - _BACK_STEP, moment, moment + _BACK_STEP)
        margin = _BACK_STEP if len({self._offset(each) for each in around}) > 1 else timedelta(0)
        last = self._step(moment - margin, self._zone, reverse=True)
        for tick in self._fixed_ticks(last):
            if tick >= moment:
                return last
            last = tick
        raise AssertionError("ticks do not end without an error")

    def at_or_after(self, moment: datetime) -> datetime:
        """Return ``moment`` if it is a tick, else the first tick after it."""
        return self.after(moment - _INSTANT)

    def at_or_before(self, moment: datetime) -> datetime:
        """Return ``moment`` if it is a tick, else the last tick before it."""
        return self.before(moment + _INSTANT)

    def _fixed_ticks(self, moment: datetime) -> Iterator[datetime]:
        """Yield the ticks after ``moment``, the library minding the changes of clocks."""
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

    def _nearest(self, moment: datetime, *, reverse: bool) -> datetime:
        """Return the next tick in a direction, of what goes by elapsed time: every moment whose wall clock matches.

        Between two changes of clocks the zone has one offset, which needs no rules; a candidate beyond a change is
        looked for again from the change on, with the offset there. The library itself loses ticks where clocks change
        by half an hour.
        """
        start = moment
        offset = self._offset(moment - _INSTANT if reverse else moment)
        while True:
            tick = self._step(start, timezone(offset), reverse=reverse)
            if self._offset(tick) == offset:
                return tick
            change = self._change_between(start, tick, offset)
            start = change if reverse else change - _INSTANT
            offset = self._offset(change - _INSTANT if reverse else change)

    def _step(self, moment: datetime, within: tzinfo, *, reverse: bool) -> datetime:
        # Backwards from within a minute, cronsim 2.7 (the last for Python 3.10) passes over that minute's own tick
        start = _next_whole_minute(moment) if reverse else moment
        try:
            tick = next(CronSim(self.expression, start.astimezone(within).replace(fold=0), reverse=reverse))
        except StopIteration:
            raise self._never(moment) from None
        return tick.astimezone(timezone.utc)

    def _change_between(self, inside: datetime, outside: datetime, offset: timedelta) -> datetime:
        """Return the first moment after the change of clocks between a moment with an offset and one without."""
        inside, outside = inside.replace(microsecond=0), outside.replace(microsecond=0)
        while abs(outside - inside) > timedelta(seconds=1):
            middle = (inside + (outside - inside) / 2).replace(microsecond=0)
            if self._offset(middle) == offset:
                inside = middle
            else:
                outside = middle
        return max(inside, outside)

    def _offset(self, moment: datetime) -> timedelta:
        return moment.astimezone(self._zone).utcoffset() or timedelta(0)

    def _never(self, moment: datetime) -> TradewindTimetableInvalid:
        return TradewindTimetableInvalid(f"The schedule {self.expression!r} never happens near {moment.isoformat()}.")


def _next_whole_minute(moment: datetime) -> datetime:
    """Return the moment if it is a whole minute, else the next that is."""
    whole = moment.replace(second=0, microsecond=0)
    return whole if whole == moment else whole + timedelta(minutes=1)

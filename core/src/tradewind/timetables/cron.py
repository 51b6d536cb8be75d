"""Cron expressions in a named time zone.

The expression is evaluated on the zone's wall clock. For the days on which clocks change there are three rules. ``cron``, the
usual one, is that of Debian's cron: a time of day that does not exist is made up for right after the gap, one that happens
twice counts once, and what begins with ``*`` in its minute or hour goes by elapsed time. ``once`` has every time count once,
``matching`` has a tick whenever the clock matches.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any
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


CRON_RULE = "cron"
ONCE = "once"
MATCHING = "matching"
CLOCK_RULES = (CRON_RULE, ONCE, MATCHING)
_SHIFTS = timedelta(hours=26)  # longer than any change of clocks: whole days were left out


class Cron:
    """A cron expression in a time zone: the ticks before and after a moment. All moments are in UTC.

    Args:
        expression: five fields, or a preset.
        timezone_name: whose wall clock counts.
        clock_rule: what happens where clocks change: ``cron``, ``once`` or ``matching``.
    """

    def __init__(self, expression: str, timezone_name: str, clock_rule: str = CRON_RULE) -> None:
        self.expression = check_expression(expression)
        self.timezone_name = timezone_name
        if clock_rule not in CLOCK_RULES:
            raise TradewindTimetableInvalid(f"clock_rule is one of {', '.join(CLOCK_RULES)}, not {clock_rule!r}.")
        self.clock_rule = clock_rule
        self._zone = zone(timezone_name)
        minute, hour = self.expression.split()[:2]
        goes_by_elapsed_time = minute.startswith("*") or hour.startswith("*")
        self._is_once = clock_rule == ONCE or (clock_rule == CRON_RULE and not goes_by_elapsed_time)

    def rule_spec(self) -> dict[str, Any]:
        """Return the rule as a part of a timetable's spec; nothing for the usual one."""
        return {} if self.clock_rule == CRON_RULE else {"clock_rule": self.clock_rule}

    def after(self, moment: datetime) -> datetime:
        """Return the first tick after ``moment``.

        Raises:
            TradewindTimetableInvalid: there is none within fifty years.
        """
        return self._once(moment, reverse=False) if self._is_once else self._nearest(moment, reverse=False)

    def before(self, moment: datetime) -> datetime:
        """Return the last tick before ``moment``: the one that :meth:`after` leads on from.

        Raises:
            TradewindTimetableInvalid: there is none within fifty years.
        """
        return self._once(moment, reverse=True) if self._is_once else self._nearest(moment, reverse=True)

    def at_or_after(self, moment: datetime) -> datetime:
        """Return ``moment`` if it is a tick, else the first tick after it."""
        return self.after(moment - _INSTANT)

    def at_or_before(self, moment: datetime) -> datetime:
        """Return ``moment`` if it is a tick, else the last tick before it."""
        return self.before(moment + _INSTANT)

    def _once(self, moment: datetime, *, reverse: bool) -> datetime:
        """Return the next tick in a direction, of times on the wall clock that count once each.

        They are walked through as times without a zone, and each is the first moment at which the clock shows it, or the
        end of the gap that it is left out by. In their order those moments never go back.
        """
        around = [self._offset(moment + shift) for shift in (-_SHIFTS, timedelta(0), _SHIFTS)]
        margin = max(around) - min(around)
        wall = moment.astimezone(self._zone).replace(tzinfo=None)
        begin = _next_whole_minute(wall + margin) if reverse else wall - margin
        for found in CronSim(self.expression, begin, reverse=reverse):
            tick = self._first_shown(found)
            if tick < moment if reverse else tick > moment:
                return tick
        raise self._never(moment)

    def _first_shown(self, wall: datetime) -> datetime:
        """Return the first moment at which the wall clock shows a time, or the end of the gap in which it does not."""
        tick = wall.replace(tzinfo=self._zone).astimezone(timezone.utc)
        if tick.astimezone(self._zone).replace(tzinfo=None) == wall:
            return tick
        inside = wall.replace(tzinfo=self._zone, fold=1).astimezone(timezone.utc)
        return self._change_between(inside, tick, self._offset(inside))

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

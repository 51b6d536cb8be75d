"""Timetables of moments: a run is made at each tick, about that moment or about a length of time before it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tradewind_plugins.exceptions import TradewindTimetableInvalid

from tradewind.timetables.base import DataInterval, RunSpec, Timetable
from tradewind.timetables.cron import CRON_RULE, Cron
from tradewind.timetables.interval import zone_name
from tradewind.timetables.lengths import Length, checked_length, length_spec, length_words

NOTHING = timedelta(0)


class _TriggerTimetable(Timetable):
    """Runs at ticks; each is about the ``interval`` before its tick."""

    def __init__(self, interval: Length) -> None:
        self.interval = interval

    def next_run(
        self,
        *,
        after: datetime | None,
        earliest: datetime | None,
        latest: datetime | None,
        catchup: bool,
        now: datetime,
    ) -> RunSpec | None:
        """Return the run of the next tick; without catchup ticks before the latest one are left out."""
        if earliest is None:
            return None
        tick = self._at_or_after(earliest, earliest)
        if after is not None:
            tick = max(tick, self._after(after, earliest))
        if not catchup:
            tick = max(tick, self._at_or_before(now, earliest))
        if latest is not None and tick > latest:
            return None
        start = tick - self.interval
        return RunSpec(logical_date=start, data_interval_start=start, data_interval_end=tick, run_at=tick)

    def manual_interval(self, at: datetime) -> DataInterval:
        """Return the interval that ends then."""
        return DataInterval(at - self.interval, at)

    def _at_or_after(self, moment: datetime, earliest: datetime) -> datetime:
        """Return the first tick that is not before a moment; ``earliest`` is the DAG's start date."""
        raise NotImplementedError

    def _at_or_before(self, moment: datetime, earliest: datetime) -> datetime:
        """Return the last tick that is not after a moment; where there is none, any moment before ``earliest``."""
        raise NotImplementedError

    def _after(self, moment: datetime, earliest: datetime) -> datetime:
        """Return the first tick after a moment."""
        raise NotImplementedError

    def _interval_spec(self) -> dict[str, Any]:
        return {"interval": length_spec(self.interval)} if self.interval else {}


class MultipleCronTriggerTimetable(_TriggerTimetable):
    """Runs at the ticks of several cron expressions; where they meet there is one run.

    Args:
        crons: expressions of five fields, or presets such as ``@daily``.
        timezone: the name of the time zone whose wall clock counts.
        interval: how much time before its tick a run is about; nothing by default.
        clock_rule: what happens where clocks change, see ``CronDataIntervalTimetable``.

    Raises ``TradewindTimetableInvalid`` for no expression, or what is none.
    """

    kind = "crons_trigger"

    def __init__(
        self, *crons: str, timezone: Any = "UTC", interval: Length = NOTHING, clock_rule: str = CRON_RULE
    ) -> None:
        super().__init__(checked_length(interval, "interval"))
        if not crons:
            raise TradewindTimetableInvalid("MultipleCronTriggerTimetable needs at least one cron expression.")
        self.texts = crons
        self._crons = [Cron(each, zone_name(timezone), clock_rule) for each in crons]

    def _at_or_after(self, moment: datetime, earliest: datetime) -> datetime:
        return min(each.at_or_after(moment) for each in self._crons)

    def _at_or_before(self, moment: datetime, earliest: datetime) -> datetime:
        return max(each.at_or_before(moment) for each in self._crons)

    def _after(self, moment: datetime, earliest: datetime) -> datetime:
        return min(each.after(moment) for each in self._crons)

    def to_spec(self) -> dict[str, Any]:
        """Return the expressions, as written, and the time zone."""
        first = self._crons[0]
        spec = {"type": self.kind, "expressions": list(self.texts), "timezone": first.timezone_name}
        return {**spec, **self._interval_spec(), **first.rule_spec()}

    @property
    def summary(self) -> str:
        """The expressions as they were written."""
        return ", ".join(self.texts)


class CronTriggerTimetable(MultipleCronTriggerTimetable):
    """Runs at the ticks of a cron expression.

    Args:
        cron: an expression of five fields, or a preset such as ``@daily``.
        timezone, interval, clock_rule: see ``MultipleCronTriggerTimetable``.
    """

    kind = "cron_trigger"

    def __init__(
        self, cron: str, timezone: Any = "UTC", *, interval: Length = NOTHING, clock_rule: str = CRON_RULE
    ) -> None:
        super().__init__(cron, timezone=timezone, interval=interval, clock_rule=clock_rule)

    def to_spec(self) -> dict[str, Any]:
        """Return the expression, as written, and the time zone."""
        cron = self._crons[0]
        spec = {"type": self.kind, "expression": self.texts[0], "timezone": cron.timezone_name}
        return {**spec, **self._interval_spec(), **cron.rule_spec()}


class DeltaTriggerTimetable(_TriggerTimetable):
    """Runs one length of time after another, from the DAG's start date on.

    Args:
        delta: the length, a timedelta or a relativedelta, more than nothing.
        interval: how much time before its moment a run is about; nothing by default.
    """

    kind = "delta_trigger"

    def __init__(self, delta: Length, *, interval: Length = NOTHING) -> None:
        super().__init__(checked_length(interval, "interval"))
        self.delta = checked_length(delta, "schedule", is_above_zero=True)

    def _at_or_after(self, moment: datetime, earliest: datetime) -> datetime:
        return earliest

    def _at_or_before(self, moment: datetime, earliest: datetime) -> datetime:
        return last_step(earliest, self.delta, moment)

    def _after(self, moment: datetime, earliest: datetime) -> datetime:
        following: datetime = moment + self.delta
        return following

    def to_spec(self) -> dict[str, Any]:
        """Return the length in seconds, or by its parts."""
        return {"type": self.kind, "delta": length_spec(self.delta), **self._interval_spec()}

    @property
    def summary(self) -> str:
        """The length, as Python writes it."""
        return length_words(self.delta)


def last_step(start: datetime, delta: Length, moment: datetime) -> datetime:
    """Return the last of the moments one length after another from ``start`` that is not after ``moment``, or ``start``."""
    if isinstance(delta, timedelta):
        return start + max(0, (moment - start) // delta) * delta
    while start + delta <= moment:
        start += delta
    return start

"""Timetables of data intervals, Airflow 2's default: a run covers an interval and is made when it has ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tradewind.timetables.base import DataInterval, RunSpec, Timetable
from tradewind.timetables.cron import CRON_RULE, Cron
from tradewind.timetables.lengths import Length, checked_length, length_spec, length_words


class _IntervalTimetable(Timetable):
    """Intervals that follow each other without gaps."""

    def next_run(
        self,
        *,
        after: datetime | None,
        earliest: datetime | None,
        latest: datetime | None,
        catchup: bool,
        now: datetime,
    ) -> RunSpec | None:
        """Return the run of the interval after the last one, or of the first one from ``earliest`` on."""
        if earliest is None:
            return None
        start = self._first_start(earliest)
        if after is not None:
            start = max(start, self._start_at(after, earliest))
        if not catchup:
            start = max(start, self._latest_complete(start, now))
        if latest is not None and start > latest:
            return None
        return RunSpec.of_interval(start, self._end(start))

    def _first_start(self, earliest: datetime) -> datetime:
        """Return the first start of an interval that is not before ``earliest``."""
        raise NotImplementedError

    def _start_at(self, end_of_last: datetime, earliest: datetime) -> datetime:
        """Return the start of the interval that follows one which ended then."""
        raise NotImplementedError

    def _latest_complete(self, start: datetime, now: datetime) -> datetime:
        """Return the start of the last interval that has ended by ``now``."""
        raise NotImplementedError

    def _end(self, start: datetime) -> datetime:
        raise NotImplementedError


class CronDataIntervalTimetable(_IntervalTimetable):
    """The intervals between the ticks of a cron expression.

    Args:
        cron: an expression of five fields, or a preset such as ``@daily``.
        timezone: the name of the time zone whose wall clock counts.
        clock_rule: what happens where clocks change. ``cron``: a time of day that is left out is made up for right after
            the gap, one that comes twice counts once, and what begins with ``*`` in minute or hour goes by elapsed time.
            ``once``: every time that is asked for counts once, also of those that come often. ``matching``: whenever the
            wall clock matches, never in a gap and twice where it is put back.

    Raises ``TradewindTimetableInvalid`` for what is not a schedule, not a time zone or no rule.
    """

    kind = "cron"

    def __init__(self, cron: str, timezone: Any = "UTC", *, clock_rule: str = CRON_RULE) -> None:
        self.text = cron
        self._cron = Cron(cron, zone_name(timezone), clock_rule)

    def _first_start(self, earliest: datetime) -> datetime:
        return self._cron.at_or_after(earliest)

    def _start_at(self, end_of_last: datetime, earliest: datetime) -> datetime:
        return self._cron.at_or_before(end_of_last)

    def _latest_complete(self, start: datetime, now: datetime) -> datetime:
        return self._cron.before(self._cron.at_or_before(now))

    def _end(self, start: datetime) -> datetime:
        return self._cron.after(start)

    def manual_interval(self, at: datetime) -> DataInterval:
        """Return the last interval that has ended by then."""
        end = self._cron.at_or_before(at)
        return DataInterval(self._cron.before(end), end)

    def to_spec(self) -> dict[str, Any]:
        """Return the expression, as written, and the time zone."""
        spec = {"type": self.kind, "expression": self.text, "timezone": self._cron.timezone_name}
        return {**spec, **self._cron.rule_spec()}

    @property
    def summary(self) -> str:
        """The expression as it was written."""
        return self.text


class DeltaDataIntervalTimetable(_IntervalTimetable):
    """Intervals of equal length from the DAG's start date on, in elapsed time.

    Args:
        delta: the length, a timedelta or a relativedelta such as a month, more than nothing.

    Raises ``TradewindTimetableInvalid`` for a length of zero or less.
    """

    kind = "delta"

    def __init__(self, delta: Length) -> None:
        self.delta = checked_length(delta, "schedule", is_above_zero=True)

    def _first_start(self, earliest: datetime) -> datetime:
        return earliest

    def _start_at(self, end_of_last: datetime, earliest: datetime) -> datetime:
        return end_of_last

    def _latest_complete(self, start: datetime, now: datetime) -> datetime:
        if isinstance(self.delta, timedelta):
            complete = (now - start) // self.delta - 1
            return start + complete * self.delta if complete > 0 else start
        while start + self.delta + self.delta <= now:
            start += self.delta
        return start

    def _end(self, start: datetime) -> datetime:
        end: datetime = start + self.delta
        return end

    def manual_interval(self, at: datetime) -> DataInterval:
        """Return the time of one length up to ``at``."""
        return DataInterval(at - self.delta, at)

    def to_spec(self) -> dict[str, Any]:
        """Return the length in seconds."""
        spec = length_spec(self.delta)
        return {"type": self.kind, "length" if isinstance(spec, dict) else "seconds": spec}

    @property
    def summary(self) -> str:
        """The length, as Python writes it."""
        return length_words(self.delta)


def zone_name(value: Any) -> str:
    """Return the name of a time zone given by name or as a tzinfo of pendulum, zoneinfo or the standard library."""
    if isinstance(value, str):
        return value
    name = getattr(value, "name", None) or getattr(value, "key", None)
    if isinstance(name, str):
        return name
    return str(value).removeprefix("UTC") or "UTC"  # datetime.timezone shows itself as UTC or UTC+02:00

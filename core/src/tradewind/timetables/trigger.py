"""The timetable of moments: a run is made at each tick of a cron expression and is about that moment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tradewind.timetables.base import RunSpec, Timetable
from tradewind.timetables.cron import Cron
from tradewind.timetables.interval import zone_name


class CronTriggerTimetable(Timetable):
    """Runs at the ticks of a cron expression, without data intervals.

    Args:
        cron: an expression of five fields, or a preset such as ``@daily``.
        timezone: the name of the time zone whose wall clock counts.
    """

    kind = "cron_trigger"

    def __init__(self, cron: str, timezone: Any = "UTC") -> None:
        self.text = cron
        self._cron = Cron(cron, zone_name(timezone))

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
        tick = self._cron.at_or_after(earliest)
        if after is not None:
            tick = max(tick, self._cron.after(after))
        if not catchup:
            tick = max(tick, self._cron.at_or_before(now))
        if latest is not None and tick > latest:
            return None
        return RunSpec.of_moment(tick)

    def to_spec(self) -> dict[str, Any]:
        """Return the expression, as written, and the time zone."""
        return {"type": self.kind, "expression": self.text, "timezone": self._cron.timezone_name}

    @property
    def summary(self) -> str:
        """The expression as it was written."""
        return self.text

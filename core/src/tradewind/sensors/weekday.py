"""A sensor that waits for a day of the week."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from tradewind_plugins.sensor import BaseSensor

from tradewind.authoring.weekday import DayChoice, WeekDay

__all__ = ["DayOfWeekSensor", "WeekDay"]


class DayOfWeekSensor(BaseSensor):
    """Waits until it is a day of the week, in UTC.

    Args:
        week_day: a day by its English name (in any case) or as a :class:`WeekDay`, or several of them.
        use_task_logical_date: whether the day is that of the run's logical date, and not today.
        use_task_execution_day: the old name of ``use_task_logical_date``; taken with a warning.

    Raises ``TradewindException`` when ``week_day`` names what is not a day, or none.
    """

    def __init__(
        self,
        *,
        week_day: str | WeekDay | Iterable[str | WeekDay],
        use_task_logical_date: bool = False,
        use_task_execution_day: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if use_task_execution_day:
            message = f"Task {self.task_id!r}: the argument use_task_execution_day is called use_task_logical_date now"
            warnings.warn(message, DeprecationWarning, stacklevel=3)
        self.week_day = week_day
        self.use_task_logical_date = use_task_logical_date or use_task_execution_day
        self._days = DayChoice(week_day, f"Task {self.task_id!r}")

    def poke(self, context: Mapping[str, Any]) -> bool:
        """Look at the calendar."""
        moment = context["logical_date"] if self.use_task_logical_date else datetime.now(timezone.utc)
        self.log.info("Waiting for %s; it is %s", self._days, WeekDay(moment.isoweekday()).name.title())
        return moment in self._days

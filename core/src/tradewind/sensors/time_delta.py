"""Sensors that wait for some time: after the end of a run's data interval, or from their own start."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.sensor import BaseSensor
from tradewind_plugins.task_node import as_timedelta

from tradewind.sensors.deferring import defer_until


class TimeDeltaSensor(BaseSensor):
    """Waits until a time after the end of the run's data interval.

    Args:
        delta: how long after it.
        deferrable: whether to wait in a triggerer.
        end_from_trigger: whether none of the task's code runs again then.

    Raises ``TradewindException`` when ``delta`` is no timedelta.
    """

    def __init__(
        self, *, delta: timedelta, deferrable: bool = False, end_from_trigger: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(delta, timedelta):
            raise TradewindException(f"Task {self.task_id!r}: delta is a timedelta, not {delta!r}.")
        self.delta = delta
        self.deferrable = deferrable
        self.end_from_trigger = end_from_trigger

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Wait; see `BaseSensor.execute`."""
        if not self.deferrable:
            return super().execute(context)
        return defer_until(self, self._target(context), end_from_trigger=self.end_from_trigger)

    def execute_complete(self, context: Mapping[str, Any], event: Any = None) -> None:
        """Go on: the moment has come."""

    def poke(self, context: Mapping[str, Any]) -> bool:
        """Look at the clock."""
        target = self._target(context)
        self.log.info("Waiting until %s", target.isoformat())
        return datetime.now(timezone.utc) > target

    def _target(self, context: Mapping[str, Any]) -> datetime:
        target: datetime = context["data_interval_end"] + self.delta
        return target


class TimeDeltaSensorAsync(TimeDeltaSensor):
    """A :class:`TimeDeltaSensor` that waits in a triggerer."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "deferrable": True})


class WaitSensor(BaseSensor):
    """Waits for some time from its start.

    Args:
        time_to_wait: how long, a timedelta or minutes.
        deferrable: whether to wait in a triggerer.
    """

    def __init__(self, time_to_wait: timedelta | float, deferrable: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        minutes = isinstance(time_to_wait, (int, float)) and not isinstance(time_to_wait, bool)
        given = timedelta(minutes=time_to_wait) if minutes else time_to_wait  # type: ignore[arg-type]
        self.time_to_wait = as_timedelta(given, f"Task {self.task_id!r}: time_to_wait")
        self.deferrable = deferrable

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Wait; see `BaseSensor.execute`."""
        if not self.deferrable:
            return super().execute(context)
        return defer_until(self, datetime.now(timezone.utc) + self.time_to_wait)

    def execute_complete(self, context: Mapping[str, Any], event: Any = None) -> None:
        """Go on: the time has passed."""

    def poke(self, context: Mapping[str, Any]) -> bool:
        """Look at the clock."""
        ti = context["ti"]
        now = datetime.now(timezone.utc)
        began: datetime = ti.waiting_since or ti.start_date or now
        return now - began >= self.time_to_wait

"""A sensor that waits for a time of day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

import pendulum
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.sensor import BaseSensor

from tradewind.sensors.deferring import defer_until


class TimeSensor(BaseSensor):
    """Waits until a time of day has passed, on the day of the look: a minute after midnight it waits anew.

    Args:
        target_time: the time, in the time zone of the DAG unless it has its own.
        deferrable: whether to wait in a triggerer, for the time on the day when the try begins.
        end_from_trigger: whether none of the task's code runs again then.

    Raises ``TradewindException`` when ``target_time`` is no time.
    """

    def __init__(
        self, *, target_time: time, deferrable: bool = False, end_from_trigger: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(target_time, time):
            raise TradewindException(f"Task {self.task_id!r}: target_time is a datetime.time, not {target_time!r}.")
        self.target_time = target_time
        self.deferrable = deferrable
        self.end_from_trigger = end_from_trigger

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Wait; see `BaseSensor.execute`."""
        if not self.deferrable:
            return super().execute(context)
        zone = self._zone(context)
        today = datetime.now(zone).date()
        moment = datetime.combine(today, self.target_time.replace(tzinfo=None), tzinfo=zone)
        return defer_until(self, moment, end_from_trigger=self.end_from_trigger)

    def execute_complete(self, context: Mapping[str, Any], event: Any = None) -> None:
        """Go on: the time has come."""

    def poke(self, context: Mapping[str, Any]) -> bool:
        """Look at the clock."""
        target = self.target_time
        self.log.info("Waiting until %s", target)
        return datetime.now(self._zone(context)).time() > target.replace(tzinfo=None)

    def _zone(self, context: Mapping[str, Any]) -> Any:
        return self.target_time.tzinfo or pendulum.timezone(context["dag"].timezone)


class TimeSensorAsync(TimeSensor):
    """A :class:`TimeSensor` that waits in a triggerer.

    Args:
        start_from_trigger: whether the task is deferred from its beginning, which it is anyway.
        trigger_kwargs: not needed: the trigger is made of the sensor's own arguments, of each mapped instance as well.
    """

    def __init__(
        self, *, start_from_trigger: bool = False, trigger_kwargs: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**{**kwargs, "deferrable": True})
        self.start_from_trigger = start_from_trigger

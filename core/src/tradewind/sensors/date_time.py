"""A sensor that waits for a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.sensor import BaseSensor
from tradewind_plugins.xcom_arg import XComArg

from tradewind.authoring.dag_param import DagParam
from tradewind.authoring.moments import as_moment_of
from tradewind.sensors.deferring import defer_until


class DateTimeSensor(BaseSensor):
    """Waits until a moment has passed.

    Args:
        target_time: the moment, as a datetime or as text in ISO 8601; templated. Without a time zone, it is in UTC.
        deferrable: whether to wait in a triggerer.
        end_from_trigger: whether none of the task's code runs again then.

    Raises ``TradewindException`` when ``target_time`` is neither.
    """

    template_fields: Sequence[str] = ("target_time",)

    def __init__(
        self,
        *,
        target_time: str | datetime | XComArg | DagParam,
        deferrable: bool = False,
        end_from_trigger: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deferrable = deferrable
        self.end_from_trigger = end_from_trigger
        if not isinstance(target_time, (str, datetime, XComArg, DagParam)):
            raise TradewindException(
                f"Task {self.task_id!r}: target_time is a datetime or its text in ISO 8601, not {target_time!r}."
            )
        self.target_time = target_time.isoformat() if isinstance(target_time, datetime) else target_time

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Wait; see `BaseSensor.execute`."""
        if not self.deferrable:
            return super().execute(context)
        return defer_until(self, self._moment(), end_from_trigger=self.end_from_trigger)

    def execute_complete(self, context: Mapping[str, Any], event: Any = None) -> None:
        """Go on: the moment has come."""

    def poke(self, context: Mapping[str, Any]) -> bool:
        """Look at the clock.

        Raises:
            TradewindException: what ``target_time`` is rendered to is no moment.
        """
        target = self._moment()
        self.log.info("Waiting until %s", target.isoformat())
        return datetime.now(timezone.utc) > target

    def _moment(self) -> datetime:
        return as_moment_of(self.target_time, f"Task {self.task_id!r}: target_time")


class DateTimeSensorAsync(DateTimeSensor):
    """A :class:`DateTimeSensor` that waits in a triggerer.

    Args:
        start_from_trigger: whether the task is deferred from its beginning, which it is anyway.
        trigger_kwargs: not needed: the trigger is made of the sensor's own arguments, of each mapped instance as well.
    """

    def __init__(
        self, *, start_from_trigger: bool = False, trigger_kwargs: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**{**kwargs, "deferrable": True})
        self.start_from_trigger = start_from_trigger

"""A sensor that waits for a time of day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

import pendulum
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.sensor import BaseSensor

from tradewind.sensors.deferring import refuse_to_defer


class TimeSensor(BaseSensor):
    """Waits until a time of day has passed, on the day of the look: a minute after midnight it waits anew.

    Args:
        target_time: the time, in the time zone of the DAG unless it has its own.
        deferrable: whether to wait outside of a worker; not built, so true is refused.

    Raises ``TradewindException`` when ``target_time`` is no time, or for an argument that is not built.
    """

    def __init__(self, *, target_time: time, deferrable: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        refuse_to_defer(self.task_id, deferrable=deferrable)
        if not isinstance(target_time, time):
            raise TradewindException(f"Task {self.task_id!r}: target_time is a datetime.time, not {target_time!r}.")
        self.target_time = target_time

    def poke(self, context: Mapping[str, Any]) -> bool:
        """Look at the clock."""
        target = self.target_time
        zone = target.tzinfo or pendulum.timezone(context["dag"].timezone)
        self.log.info("Waiting until %s", target)
        return datetime.now(zone).time() > target.replace(tzinfo=None)

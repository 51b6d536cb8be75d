"""A sensor that waits for some time after the end of a run's data interval."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.sensor import BaseSensor

from tradewind.sensors.deferring import refuse_to_defer


class TimeDeltaSensor(BaseSensor):
    """Waits until a time after the end of the run's data interval.

    Args:
        delta: how long after it.
        deferrable: whether to wait outside of a worker; not built, so true is refused.

    Raises ``TradewindException`` when ``delta`` is no timedelta, or for an argument that is not built.
    """

    def __init__(self, *, delta: timedelta, deferrable: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        refuse_to_defer(self.task_id, deferrable=deferrable)
        if not isinstance(delta, timedelta):
            raise TradewindException(f"Task {self.task_id!r}: delta is a timedelta, not {delta!r}.")
        self.delta = delta

    def poke(self, context: Mapping[str, Any]) -> bool:
        """Look at the clock."""
        target: datetime = context["data_interval_end"] + self.delta
        self.log.info("Waiting until %s", target.isoformat())
        return datetime.now(timezone.utc) > target

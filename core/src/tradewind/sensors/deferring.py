"""What sensors say to those who would have them wait in a triggerer."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from tradewind_plugins.sensor import BaseSensor

from tradewind.triggers.temporal import DateTimeTrigger


def defer_until(sensor: BaseSensor, moment: datetime, *, end_from_trigger: bool = False) -> None:
    """Have a sensor wait for a moment in a triggerer; return where it has passed already.

    Raises:
        TaskDeferred: the sensor is deferred.
    """
    if datetime.now(timezone.utc) >= moment:
        return
    sensor.log.info("Waiting until %s", moment.isoformat())
    sensor.defer(
        trigger=DateTimeTrigger(moment, end_from_trigger=end_from_trigger),
        method_name="execute_complete",
        timeout=timedelta(seconds=sensor.timeout),
    )

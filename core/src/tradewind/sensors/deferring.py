"""What sensors say to those who would have them wait in a triggerer."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from tradewind_plugins.exceptions import TradewindException
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


def refuse_start_from_trigger(task_id: str, *, start_from_trigger: bool, trigger_kwargs: object = None) -> None:
    """Refuse arguments that ask for a task whose first piece runs in no worker, which is not built.

    Args:
        task_id: the sensor.

    Raises:
        TradewindException: one of them asks for it; the message names it.
    """
    for name, value in (("start_from_trigger", start_from_trigger), ("trigger_kwargs", trigger_kwargs)):
        if value:
            raise TradewindException(
                f"Task {task_id!r}: the argument {name}={value!r} is not built yet in Tradewind; leave it out: the sensor "
                "holds a worker's slot for some milliseconds then, until it is deferred."
            )

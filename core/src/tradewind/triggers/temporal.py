"""Triggers that wait for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pendulum
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.triggers import BaseTrigger, TaskSuccessEvent, TriggerEvent

LONGEST_SLEEP = 3600.0
"""A machine's clock may be set: no sleep is trusted for longer."""


class DateTimeTrigger(BaseTrigger):
    """Fires at a moment; the event is the moment.

    Args:
        moment: when, with a time zone.
        end_from_trigger: whether the task ends as a success then, with none of its code run again.

    Raises ``TradewindException`` when the moment is none, or has no time zone.
    """

    def __init__(self, moment: datetime, *, end_from_trigger: bool = False) -> None:
        super().__init__()
        if not isinstance(moment, datetime):
            raise TradewindException(f"{type(self).__name__}: moment is a datetime, not {moment!r}.")
        if moment.tzinfo is None:
            raise TradewindException(f"{type(self).__name__}: moment needs a time zone; {moment!r} has none.")
        self.moment = pendulum.instance(moment).in_timezone("UTC")
        self.end_from_trigger = end_from_trigger

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return (
            "tradewind.triggers.temporal.DateTimeTrigger",
            {"moment": self.moment, "end_from_trigger": self.end_from_trigger},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for the moment."""
        moment = datetime.fromisoformat(self.moment.isoformat())
        while (left := (moment - datetime.now(timezone.utc)).total_seconds()) > 0:
            await asyncio.sleep(min(left, LONGEST_SLEEP))
        yield TaskSuccessEvent() if self.end_from_trigger else TriggerEvent(self.moment)


class TimeDeltaTrigger(DateTimeTrigger):
    """Fires some time after it was made.

    Args:
        delta: how long.
        end_from_trigger: as of :class:`DateTimeTrigger`.
    """

    def __init__(self, delta: timedelta, *, end_from_trigger: bool = False) -> None:
        super().__init__(datetime.now(timezone.utc) + delta, end_from_trigger=end_from_trigger)

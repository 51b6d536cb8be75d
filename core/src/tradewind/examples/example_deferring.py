"""Waiting without a worker: a sensor that is deferred, and an operator with a trigger of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from tradewind import DAG, BaseOperator
from tradewind.sensors.time_delta import WaitSensor
from tradewind.triggers.base import BaseTrigger, StartTriggerArgs, TriggerEvent


class CountingTrigger(BaseTrigger):
    """Counts up to a number, a tenth of a second each, beside all others that wait."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Say how an equal trigger is made where it runs."""
        return f"{__name__}.CountingTrigger", {"number": self.number}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Count, and tell."""
        for _ in range(self.number):
            await asyncio.sleep(0.1)
        yield TriggerEvent({"counted": self.number})


class CountingOperator(BaseOperator):
    """Has something counted, and holds no slot meanwhile."""

    def execute(self, context: Any) -> None:
        """Ask for it."""
        self.defer(trigger=CountingTrigger(3), method_name="read", timeout=timedelta(minutes=1))

    def read(self, context: Any, event: dict[str, int]) -> int:
        """Go on with what was found."""
        return event["counted"]


class CountedOperator(BaseOperator):
    """Begins with its trigger: there is nothing to do before."""

    start_from_trigger = True
    start_trigger_args = StartTriggerArgs(
        f"{__name__}.CountingTrigger", "read", {"number": 2}, timeout=timedelta(minutes=1)
    )

    def read(self, context: Any, event: dict[str, int]) -> int:
        """Go on with what was found."""
        return event["counted"]


with DAG("example_deferring", schedule=None, start_date=datetime(2026, 1, 1), tags=["example"]):
    wait = WaitSensor(task_id="wait", time_to_wait=timedelta(seconds=1), deferrable=True)
    wait >> CountingOperator(task_id="count") >> CountedOperator(task_id="count_again")

"""Watching: a trigger tells of new data that no task makes, and a DAG runs each time. It runs under a triggerer, once unpaused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from tradewind import DAG, Asset, AssetWatcher, task
from tradewind.triggers.base import BaseEventTrigger, TriggerEvent


class TickingTrigger(BaseEventTrigger):
    """Stands for a queue in which there is a message every so often."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Say how an equal trigger is made where it runs."""
        return f"{__name__}.TickingTrigger", {"seconds": self.seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for the next message, and tell what it says."""
        number = 0
        while True:
            await asyncio.sleep(self.seconds)
            number += 1
            yield TriggerEvent({"number": number})


MESSAGES = Asset("messages", watchers=[AssetWatcher("of_queue", TickingTrigger(60))])

with DAG("example_watching", schedule=[MESSAGES], tags=["example"]):

    @task
    def read(triggering_asset_events: Any = None) -> list[Any]:
        """Return what the messages say that made this run; none, where somebody triggered it."""
        return [event.extra["payload"] for events in triggering_asset_events.values() for event in events]

    read()

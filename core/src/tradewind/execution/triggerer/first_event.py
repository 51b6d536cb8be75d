"""One trigger from its beginning to its first event, wherever it runs; or, where it watches, through all its events."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.triggers import BaseTaskEndEvent, BaseTrigger, TriggerEvent

from tradewind.execution import results
from tradewind.execution.task_run import described
from tradewind.transitions.states import TriggerEnd

OURS = ("/tradewind/execution/triggerer/", "/asyncio/")


async def first_event(trigger: BaseTrigger) -> tuple[str, str]:
    """Run a trigger to its first event; return how it ended and what it found, as JSON.

    Raises:
        TradewindException: it ended without an event.
        Exception: whatever its code raises.
    """
    waiting: AsyncIterator[TriggerEvent] = trigger.run()
    try:
        async for event in waiting:
            return _told_event(event, trigger)
    finally:
        close = getattr(waiting, "aclose", None)
        if close is not None:
            await close()
        await trigger.cleanup()
    raise TradewindException(f"{type(trigger).__name__} ended without an event.")


async def events_of(trigger: BaseTrigger) -> AsyncIterator[str]:
    """Run a trigger to its end, and yield the payload of each event as JSON.

    Raises:
        Exception: whatever its code raises.
    """
    waiting: AsyncIterator[TriggerEvent] = trigger.run()
    try:
        async for event in waiting:
            yield results.dump(getattr(event, "payload", event), f"the event of {type(trigger).__name__}")
    finally:
        close = getattr(waiting, "aclose", None)
        if close is not None:
            await close()
        await trigger.cleanup()


def _told_event(event: TriggerEvent, trigger: BaseTrigger) -> tuple[str, str]:
    what = f"the event of {type(trigger).__name__}"
    if isinstance(event, BaseTaskEndEvent):
        return TriggerEnd.END, results.dump({"state": event.task_state, "xcoms": event.xcoms}, what)
    return TriggerEnd.EVENT, results.dump(getattr(event, "payload", event), what)


def told(error: BaseException) -> str:
    """Return what a trigger's failure is told as in its task: the traceback from its author's code on."""
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None and _is_ours(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    lines = traceback.format_exception(type(error), error, frames)
    return "".join(lines).rstrip() or described(error)


def _is_ours(filename: str) -> bool:
    return any(each in filename for each in OURS)

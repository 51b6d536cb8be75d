"""What triggers share: a look in a thread, and the pause before the next one.

asyncio is imported when it is used: a DAG file that has a sensor reads its trigger too, and asyncio is forty modules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.host import bind, current

__all__ = ["in_thread", "pause"]

asyncio = lazy_client("asyncio", extra="amazon")


async def pause(seconds: float) -> None:
    """Wait beside others."""
    await asyncio.sleep(seconds)


async def in_thread(function: Callable[[], Any]) -> Any:
    """Call a function in a thread that has this one's host, and return its result: boto3 blocks, a trigger must not."""
    host = current()

    def bound() -> Any:
        with bind(host):
            return function()

    return await asyncio.get_event_loop().run_in_executor(None, bound)

"""What triggers share: a look in a thread, and the pause before the next one.

asyncio is imported where it is used: a DAG file that has a sensor reads its trigger too, and asyncio is forty modules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tradewind_plugins.host import bind, current

__all__ = ["in_thread", "pause"]


async def pause(seconds: float) -> None:
    """Wait beside others."""
    import asyncio  # noqa: PLC0415 - see above

    await asyncio.sleep(seconds)


async def in_thread(function: Callable[[], Any]) -> Any:
    """Call a function in a thread that has this one's host, and return its result: the client blocks, a trigger must not."""
    import asyncio  # noqa: PLC0415 - see above

    host = current()

    def bound() -> Any:
        with bind(host):
            return function()

    return await asyncio.get_event_loop().run_in_executor(None, bound)

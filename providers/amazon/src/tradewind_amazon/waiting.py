"""What triggers share: a look in a thread, and the pause before the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tradewind_plugins.host import bind, current

__all__ = ["in_thread"]


async def in_thread(function: Callable[[], Any]) -> Any:
    """Call a function in a thread that has this one's host, and return its result: boto3 blocks, a trigger must not."""
    host = current()

    def bound() -> Any:
        with bind(host):
            return function()

    return await asyncio.get_event_loop().run_in_executor(None, bound)

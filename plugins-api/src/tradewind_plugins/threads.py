"""Waiting in a coroutine for what blocks. asyncio is imported where it is used: a DAG file that names a trigger needs no loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tradewind_plugins.host import bind, current

__all__ = ["in_thread", "pause"]


async def in_thread(function: Callable[[], Any]) -> Any:
    """Call a function in a thread that has this one's host, and return its result."""
    host = current()

    def bound() -> Any:
        with bind(host):
            return function()

    return await _asyncio().get_event_loop().run_in_executor(None, bound)


async def pause(seconds: float) -> None:
    """Wait for some seconds."""
    await _asyncio().sleep(seconds)


def _asyncio() -> Any:
    import asyncio  # noqa: PLC0415 - it takes 40 modules, which whoever awaits has loaded, and a DAG file has no use for

    return asyncio

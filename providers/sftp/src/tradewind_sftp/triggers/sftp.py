"""The trigger for SFTP. It looks in a thread, as paramiko waits by blocking."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

from tradewind_plugins.host import bind, current
from tradewind_plugins.triggers import BaseTrigger, TriggerEvent

from tradewind_sftp.hooks.sftp import SFTPHook
from tradewind_sftp.times import seconds_of

__all__ = ["SFTPTrigger"]

_LOOK_SECONDS = 60.0


class SFTPTrigger(BaseTrigger):
    """Fires when files are on a server. The event has `status` (`success`), `message` and `files`, their paths.

    Arguments:
        path: of the file, or with `file_pattern` of the folder.
        file_pattern: of the names that count.
        sftp_conn_id: the connection.
        newer_than: the instant after which they must have been changed; a number is seconds since 1970.
        poke_interval: seconds between two looks.
    """

    def __init__(
        self,
        path: str,
        file_pattern: str = "",
        sftp_conn_id: str = "sftp_default",
        newer_than: datetime | str | float | None = None,
        poke_interval: float = 5,
    ) -> None:
        super().__init__()
        self.path = path
        self.file_pattern = file_pattern
        self.sftp_conn_id = sftp_conn_id
        is_told = newer_than is None or isinstance(newer_than, (int, float))
        self.newer_than = newer_than if is_told else seconds_of(newer_than)  # type: ignore[arg-type]
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return "tradewind_sftp.triggers.sftp.SFTPTrigger", dict(vars(self))

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until they are there."""
        while True:
            files = await _in_thread(self._look)
            if files:
                break
            await _pause(self.poke_interval)
        yield TriggerEvent({"status": "success", "message": f"found {', '.join(files)}", "files": files})

    def _look(self) -> list[str]:
        hook = SFTPHook(self.sftp_conn_id)
        # A thread that a silent server holds for ever would be one less for the other triggers
        hook.cmd_timeout = hook.settings.cmd_timeout or _LOOK_SECONDS
        return hook.find_files(self.path, self.file_pattern, self.newer_than)


async def _in_thread(function: Callable[[], Any]) -> Any:
    """Call a function in a thread that has this one's host, and return its result."""
    host = current()

    def bound() -> Any:
        with bind(host):
            return function()

    return await _asyncio().get_event_loop().run_in_executor(None, bound)


async def _pause(seconds: float) -> None:
    """Wait for some seconds."""
    await _asyncio().sleep(seconds)


def _asyncio() -> Any:
    import asyncio  # noqa: PLC0415 - it takes 40 modules, which whoever awaits has loaded, and a DAG file has no use for

    return asyncio

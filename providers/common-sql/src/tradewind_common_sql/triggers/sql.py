"""The trigger that waits for what a query says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from tradewind_plugins.host import Host, bind, current
from tradewind_plugins.triggers import BaseTrigger, TriggerEvent

from tradewind_common_sql.databases import database_hook
from tradewind_common_sql.verdicts import first_cell

if TYPE_CHECKING:
    from tradewind_plugins.dbapi import DbApiHook

__all__ = ["SqlSensorTrigger"]


class SqlSensorTrigger(BaseTrigger):
    """Fires when the first cell of a query's first row is true; the event says `is_true`.

    Arguments:
        conn_id: the connection.
        sql: the query.
        parameters: values bound to it.
        hook_params: further arguments for the hook.
        fail_on_empty: whether it fires also when there is no row, with `is_true` false.
        poke_interval: seconds between two looks.
    """

    def __init__(
        self,
        *,
        conn_id: str,
        sql: str,
        parameters: Any = None,
        hook_params: Mapping[str, Any] | None = None,
        fail_on_empty: bool = False,
        poke_interval: float = 60.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.sql = sql
        self.parameters = parameters
        self.hook_params = hook_params
        self.fail_on_empty = fail_on_empty
        self.poke_interval = poke_interval
        self._hook: DbApiHook | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return (
            "tradewind_common_sql.triggers.sql.SqlSensorTrigger",
            {
                "conn_id": self.conn_id,
                "sql": self.sql,
                "parameters": self.parameters,
                "hook_params": self.hook_params,
                "fail_on_empty": self.fail_on_empty,
                "poke_interval": self.poke_interval,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until the query says so."""
        host, loop = current(), asyncio.get_event_loop()
        while True:
            # In a thread, as drivers block; the host is not bound there by itself
            row = await loop.run_in_executor(None, self._look, host)
            if row is not None and first_cell(row):
                yield TriggerEvent({"is_true": True})
                return
            if row is None and self.fail_on_empty:
                yield TriggerEvent({"is_true": False})
                return
            await asyncio.sleep(self.poke_interval)

    async def cleanup(self) -> None:
        """End the query that is running, where the database's driver can."""
        if self._hook is not None:
            await asyncio.get_event_loop().run_in_executor(None, self._hook.cancel)

    def _look(self, host: Host) -> Any:
        with bind(host):
            self._hook = database_hook(self.conn_id, hook_params=self.hook_params, client_name="tradewind trigger")
            return self._hook.get_first(self.sql, self.parameters)

"""From a connection to the hook that runs its SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradewind_plugins.dbapi import DbApiHook
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.hook import BaseHook

__all__ = ["NO_CONNECTION", "database_hook"]

NO_CONNECTION = "conn_id, the id of the connection whose database it asks"


def database_hook(
    conn_id: str | None,
    *,
    hook_params: Mapping[str, Any] | None = None,
    database: str | None = None,
    client_name: str = "",
) -> DbApiHook:
    """Return the hook of a connection, whichever provider has it.

    Arguments:
        conn_id: the id of the connection.
        hook_params: further arguments for the hook.
        database: another database than the connection's.
        client_name: what the database shows as the client, where it shows one.

    Raises:
        TradewindNotFoundException: there is no such connection.
        TradewindException: there is no id, the connection's hook runs no SQL, or it has one database only.
    """
    if not conn_id:
        raise TradewindException(f"{client_name or 'the task'} needs {NO_CONNECTION}")
    hook = BaseHook.get_hook(conn_id)
    kind = type(hook).__name__
    if not isinstance(hook, DbApiHook):
        raise TradewindException(f"connection {conn_id!r} cannot run SQL: its hook {kind} is no DbApiHook")
    if hook_params:
        hook = type(hook)(**{hook.conn_name_attr: conn_id, **hook_params})
    if database:
        # The two names that hooks have for it; the second is the older one
        name = next((each for each in ("database", "schema") if hasattr(hook, each)), None)
        if name is None:
            raise TradewindException(f"connection {conn_id!r}: {kind} takes no other database, so leave database out")
        setattr(hook, name, database)
    hook.client_name = client_name
    return hook

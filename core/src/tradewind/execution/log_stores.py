"""The log store of the configuration, and which logs a task instance has in it."""

from __future__ import annotations

from tradewind_plugins.callbacks import TASK_CALLBACKS
from tradewind_plugins.contracts.log_store import LogStore
from tradewind_plugins.exceptions import TradewindConfigException

from tradewind.config import Config
from tradewind.execution.log_keys import callback_log_key, log_key
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import listings
from tradewind.plugins.current import registry

NEEDED = {"append": "a log is written, and can be followed, while its try runs"}


def open_log_store(config: Config) -> LogStore:
    """Return the log store that `logs.store` names, for whoever writes logs or reads them.

    Raises:
        TradewindConfigException: there is none of that name, or it cannot do what Tradewind needs.
    """
    name = config.logs.store
    store: LogStore = registry().load("log store", name)(config.logs.location or str(config.logs.folder))
    for capability, reason in NEEDED.items():
        if not getattr(store.capabilities, capability):
            raise TradewindConfigException(
                f"the log store {name!r} lacks the capability {capability!r}: {reason}; name another one in logs.store"
            )
    return store


def keys_of_callbacks(store: LogStore, key: str) -> list[str]:
    """Return the keys of the logs of a try's callbacks, each kind's attempts in their order.

    Arguments:
        key: of the try's log.
    """
    found = []
    for kind in TASK_CALLBACKS:
        attempt = 1
        while store.read(named := callback_log_key(key, kind, attempt), 0, 1):
            found.append(named)
            attempt += 1
    return found


def keys_of_tries(
    database: Database,
    store: LogStore,
    run: listings.RunRow,
    task: listings.TaskRow,
    *,
    try_number: int | None = None,
    dag_id: str | None = None,
) -> list[str]:
    """Return the keys of a task instance's logs that have something in them, the oldest dispatch first.

    Arguments:
        try_number: leaves the logs of other tries out.
        dag_id: under which they are kept; by default the run's.
    """
    with database.read() as conn:
        dispatches = listings.list_dispatches(conn, task)
    keys = [
        log_key(dag_id or run.dag_id, run.run_id, task.task_id, task.map_index, each.try_number, token=each.token)
        for each in dispatches
        if try_number in (None, each.try_number)
    ]
    return [key for key in keys if store.read(key, 0, 1)]

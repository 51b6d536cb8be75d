"""Moving the logs of a DAG that was renamed to the keys of its new id."""

from __future__ import annotations

from collections.abc import Iterator

from tradewind_plugins.callbacks import ON_FAILURE, ON_SLA_MISS, ON_SUCCESS
from tradewind_plugins.contracts.log_store import LogStore

from tradewind.execution.log_keys import dag_prefix, run_callback_log_key
from tradewind.execution.log_stores import keys_of_callbacks, keys_of_tries
from tradewind.execution.logs import FileLogStore
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import listings

OF_RUNS = (ON_SUCCESS, ON_FAILURE, ON_SLA_MISS)


def move_logs(database: Database, store: LogStore, old: str, new: str) -> int:
    """Move all logs of a renamed DAG; return how many there were. Called again, it goes on where it was interrupted.

    Files move as a folder; in any other store each log is copied, and the old ones are deleted if the store can.
    """
    if isinstance(store, FileLogStore):
        return store.move(dag_prefix(old), dag_prefix(new))
    moved = 0
    for key in _keys(database, store, old, new):
        copy = dag_prefix(new) + key.removeprefix(dag_prefix(old))
        data = store.read(key)
        if len(data) > store.size(copy):
            store.put_chunk(copy, 0, data)
            store.seal(copy)
        moved += 1
    if store.capabilities.delete_prefix:
        store.delete(dag_prefix(old))
    return moved


def _keys(database: Database, store: LogStore, old: str, new: str) -> Iterator[str]:
    """Yield the old keys of logs that have something in them: the database knows which tries there were."""
    with database.read() as conn:
        runs = listings.list_runs(conn, dag_id=new, limit=None)
    for run in runs:
        for kind in OF_RUNS:
            attempt = 1
            while store.read(key := run_callback_log_key(old, run.run_id, kind, attempt), 0, 1):
                yield key
                attempt += 1
        with database.read() as conn:
            tasks = listings.list_tasks(conn, run.id)
        for task in tasks:
            for key in keys_of_tries(database, store, run, task, dag_id=old):
                yield key
                yield from keys_of_callbacks(store, key)

"""Logs in this host's log folder whose runs are gone: of runs that another host removed, or while this one could not be written."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from tradewind.execution.logs import FileLogStore
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import retention

AT_ONCE = 200
Folder = tuple[str, str, str]
"""DAG, run, and what the keys of the run's logs begin with."""


def of_gone_runs(database: Database, folders: Sequence[Folder]) -> list[tuple[str, str]]:
    """Return DAG and prefix of those folders whose runs are not in the database."""
    with database.read() as conn:
        there = retention.runs_there(conn, [(dag_id, run_id) for dag_id, run_id, _ in folders])
    return [(dag_id, prefix) for dag_id, run_id, prefix in folders if (dag_id, run_id) not in there]


def left_logs(database: Database, store: FileLogStore, before: float) -> Iterator[tuple[str, str]]:
    """Yield DAG and prefix of logs whose runs are gone, all last written before a moment in seconds since 1970."""
    folders = store.run_folders(before)
    while part := list(itertools.islice(folders, AT_ONCE)):
        yield from of_gone_runs(database, part)

"""Deleting what is over, in batches: each a transaction that holds few rows, so that the daemons beside it go on."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from tradewind_plugins.contracts.xcom_storage import XComStorage

from tradewind.metadata.engine import Database
from tradewind.metadata.statements import cleaning
from tradewind.metadata.statements.cleaning import Deleted
from tradewind.metadata.statements.retention import Limits

log = logging.getLogger(__name__)
REFERENCES = 500
Tell = Callable[[int], None]


def clean(
    database: Database,
    table: str,
    limits: datetime | Sequence[Limits],
    *,
    storage: XComStorage,
    batch: int,
    tell: Tell = lambda _rows: None,
) -> int:
    """Delete what is over of one table, and the stored values of its XComs.

    Arguments:
        table: one of `cleaning.TABLES`.
        limits: what ended earlier goes; of runs perhaps other limits for each DAG.
        storage: where large XComs are.
        batch: rows (of `dag_run`: runs) in one transaction.
        tell: told after each batch how many rows are deleted so far.
    Returns:
        the number of rows deleted.
    """
    rows = 0
    for each in [Limits(limits)] if isinstance(limits, datetime) else limits:
        while (done := clean_some(database, table, each, storage=storage, most=batch)).rows:
            rows += len(done.dags) if table == "dag" else done.rows
            tell(rows)
    return rows


def clean_some(database: Database, table: str, limits: Limits, *, storage: XComStorage, most: int) -> Deleted:
    """Delete one batch of what is over, and the stored values of its XComs after the commit."""
    done = database.write(lambda conn: cleaning.delete_some(conn, table, limits, most=most))
    delete_stored(storage, done.references)
    return done


class StillRunningError(Exception):
    """A DAG has runs that have not ended; their ids are the argument."""

    def __init__(self, run_ids: list[str]) -> None:
        super().__init__(run_ids)
        self.run_ids = run_ids


def delete_dag(
    database: Database, dag_id: str, *, storage: XComStorage, batch: int, tell: Tell = lambda _rows: None
) -> bool:
    """Delete the history of a DAG, which is paused first: runs, their XComs, old versions. One whose file is gone goes too.

    Arguments:
        storage: where large XComs are.
        batch: runs in one transaction.
        tell: told after each batch how many runs are deleted so far.
    Returns:
        whether the DAG itself is gone.
    Raises:
        StillRunningError: a run has not ended; nothing is deleted.
    """
    if running := database.write(lambda conn: cleaning.close_dag(conn, dag_id)):
        raise StillRunningError(running)
    runs = 0
    while (done := database.write(lambda conn: cleaning.delete_runs(conn, dag_id, most=batch))).rows:
        delete_stored(storage, done.references)
        runs += done.rows
        tell(runs)
    return database.write(lambda conn: cleaning.delete_dag(conn, dag_id))


def sweep(database: Database, storage: XComStorage, *, dry_run: bool = False) -> int | None:
    """Delete stored values that nothing refers to: of cleared and repeated tries, and of an interrupted cleaning.

    Returns:
        their number; None for a storage that cannot list what it holds.
    """
    try:
        references: Iterable[str] = iter(storage.references())
    except NotImplementedError:
        return None
    count = 0
    while part := list(itertools.islice(references, REFERENCES)):
        with database.read() as conn:
            found = cleaning.orphans(conn, part)
        if not dry_run:
            delete_stored(storage, found)
        count += len(found)
    return count


def delete_stored(storage: XComStorage, references: Iterable[str]) -> None:
    """Delete stored values; one that cannot be deleted is left for the next sweep."""
    for reference in references:
        try:
            storage.delete(reference)
        except Exception as error:  # noqa: BLE001  (a plugin's storage: its row is gone, and the next sweep tries again)
            log.warning(
                "the stored XCom %s could not be deleted, the next `db clean` tries again: %s", reference, error
            )

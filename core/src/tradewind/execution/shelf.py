"""Putting large XComs aside: above a size the value goes to the XCom storage, and the database keeps its address."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from tradewind_plugins.contracts.xcom_storage import XComStorage
from tradewind_plugins.exceptions import XComNotFound

from tradewind.config import Config
from tradewind.execution import dataframes
from tradewind.execution.settings import KIB, spool_path
from tradewind.execution.spool import Spool
from tradewind.plugins.xcoms import open_xcom_storage
from tradewind.transitions.values import Outcome, XComValue


class Shelf:
    """Values above a size.

    Arguments:
        storage: where they are kept.
        limit: the size in bytes up to which a value stays in the database.
        spool: where tasks' processes hand over and are handed large values; None where they run in this process.
    """

    def __init__(self, storage: XComStorage, limit: int, spool: Spool | None = None) -> None:
        self._storage = storage
        self._limit = limit
        self._spool = spool

    @classmethod
    def open(cls, config: Config) -> Shelf:
        """Return the shelf of an installation's workers."""
        storage = open_xcom_storage(config.plugins.xcom_storage, config.plugins.xcom_location)
        return cls(storage, config.execution.max_xcom_inline * KIB, Spool(spool_path(config.home)))

    def put(self, pushed: XComValue, instance: int, token: int) -> XComValue:
        """Return the value as the database shall have it; stored under the name of its try, so that again is the same.

        Raises:
            ValueError: it refers to something that this try has not handed over.
        """
        if pushed.storage is not None:
            path = self._spooled(pushed, instance, token)
            key = storage_key(pushed.key, instance, token, is_table=dataframes.is_table_file(path))
            return replace(pushed, value=None, storage=self._storage.put_file(key, path))
        key = storage_key(pushed.key, instance, token)
        if pushed.value is None or pushed.size <= self._limit:
            return pushed
        return replace(pushed, value=None, storage=self._storage.put(key, pushed.value.encode()))

    def put_all(self, outcome: Outcome) -> Outcome:
        """Return an outcome with its large values put aside."""
        if all(each.size <= self._limit and each.storage is None for each in outcome.xcoms):
            return outcome
        return replace(outcome, xcoms=tuple(self.put(each, outcome.instance, outcome.token) for each in outcome.xcoms))

    def forget(self, pushed: XComValue, instance: int, token: int) -> None:
        """Remove what a try has handed over, now that it is recorded."""
        if pushed.storage is not None:
            self._spooled(pushed, instance, token).unlink(missing_ok=True)

    def forget_all(self, outcome: Outcome) -> None:
        """Remove what the try of an outcome, as it was reported, has handed over."""
        for each in outcome.xcoms:
            self.forget(each, outcome.instance, outcome.token)

    def sweep(self, tries: set[tuple[int, int]]) -> None:
        """Remove what tries that are over have left in the spool."""
        if self._spool is not None:
            self._spool.sweep(tries)

    def _spooled(self, pushed: XComValue, instance: int, token: int) -> Path:
        if self._spool is None or pushed.storage is None:
            raise ValueError(f"nothing was handed over for the XCom {pushed.key!r}")
        return self._spool.path(pushed.storage, instance, token)

    def fetch(
        self, value: str | None, reference: str | None, instance: int, token: int
    ) -> tuple[str | None, str | None]:
        """Return the JSON of a row of XCom for a try: as text, or as the reference of a file in the spool.

        Raises:
            XComNotFound: it is no more in the storage.
        """
        if reference is None:
            return value, None
        try:
            if self._spool is None:
                return self._storage.get(reference).decode(), None
            spooled = self._spool.reserve(instance, token)
            self._storage.get_file(reference, self._spool.path(spooled, instance, token))
        except KeyError:
            raise XComNotFound(f"an XCom is no more in the storage under {reference!r}") from None
        return None, spooled


def storage_key(key: str, instance: int, token: int, *, is_table: bool = False) -> str:
    """Return the name under which a try's value is stored: JSON, or a table in Parquet."""
    return f"instance={instance}/token={token}/{quote(key, safe='')}.{'parquet' if is_table else 'json'}"

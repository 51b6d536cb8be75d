"""Putting large XComs aside: above a size the value goes to the XCom storage, and the database keeps its address."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from urllib.parse import quote

from tradewind_plugins.exceptions import XComNotFound

from tradewind.config import Config
from tradewind.execution import dataframes
from tradewind.execution.messages import PushXCom
from tradewind.execution.settings import KIB, spool_path
from tradewind.execution.spool import Spool
from tradewind.plugins.named_xcoms import TABLE, VALUE, XComStorages, open_xcom_storages
from tradewind.transitions.values import Outcome, XComValue


class Shelf:
    """Values above a size.

    Arguments:
        storages: where they are kept.
        limit: the size in bytes up to which a value stays in the database.
        spool: where tasks' processes hand over and are handed large values; None where they run in this process.
    """

    def __init__(self, storages: XComStorages, limit: int, spool: Spool | None = None) -> None:
        self._storages = storages
        self._limit = limit
        self._spool = spool

    @classmethod
    def open(cls, config: Config) -> Shelf:
        """Return the shelf of an installation's workers."""
        storages = open_xcom_storages(config).open_all()
        return cls(storages, config.execution.max_xcom_inline * KIB, Spool(spool_path(config.home)))

    def put(self, pushed: XComValue, instance: int, token: int) -> XComValue:
        """Return the value as the database shall have it; stored under the name of its try, so that again is the same.

        Raises:
            ValueError: it refers to something that this try has not handed over.
            UnknownStorageError: it is for a storage that the settings do not name.
        """
        if pushed.storage is not None:
            path = self._spooled(pushed, instance, token)
            return replace(pushed, value=None, storage=self._kept(pushed.key, path, instance, token, pushed.wanted))
        if pushed.value is None or pushed.size <= self._limit:
            return pushed
        name = self._storages.choose(pushed.wanted, VALUE, pushed.size)
        key = storage_key(pushed.key, instance, token)
        return replace(pushed, value=None, storage=self._storages.put_in(name, key, pushed.value.encode()))

    def _kept(self, key: str, path: Path, instance: int, token: int, wanted: str | None) -> str:
        """Store a file, and return the reference that the database keeps."""
        is_table = dataframes.is_table_file(path)
        name = self._storages.choose(wanted, TABLE if is_table else VALUE, path.stat().st_size)
        return self._storages.put_file_in(name, storage_key(key, instance, token, is_table=is_table), path)

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
            UnknownStorageError: the settings name its storage no more.
        """
        if reference is None:
            return value, None
        try:
            if self._spool is None:
                return self._storages.get(reference).decode(), None
            spooled = self._spool.reserve(instance, token)
            self._storages.get_file(reference, self._spool.path(spooled, instance, token))
        except KeyError:
            raise XComNotFound(f"an XCom is no more in the storage under {reference!r}") from None
        return None, spooled


def pushed_by(request: PushXCom) -> XComValue:
    """Return the value of a request to store one."""
    return XComValue(*(getattr(request, each.name) for each in fields(XComValue)))


def storage_key(key: str, instance: int, token: int, *, is_table: bool = False) -> str:
    """Return the name under which a try's value is stored: JSON, or a table in Parquet."""
    return f"instance={instance}/token={token}/{quote(key, safe='')}.{'parquet' if is_table else 'json'}"

"""XCom storages: where values too large for the metadata database are kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tradewind_plugins.contracts.xcom_storage import XComStorage
from tradewind_plugins.exceptions import TradewindConfigException

from tradewind.plugins.current import registry
from tradewind.plugins.known import hint_for_name

KIND: Final = "XCom storage"
KEPT: Final = frozenset([".json", ".parquet"])
"""How files of values end; others are on their way to become one."""


class FolderStorage(XComStorage):
    """A file for each value, in a folder that all workers see.

    Arguments:
        location: the path of the folder; made when the first value is stored.
    """

    def __init__(self, location: str) -> None:
        self._folder = Path(location)

    def put(self, key: str, data: bytes) -> str:
        """See `XComStorage.put`. A reader finds the old value or the new one, never a part."""
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f"{path.name}.{os.getpid()}")
        scratch.write_bytes(data)
        scratch.replace(path)
        return key

    def put_file(self, key: str, path: Path) -> str:
        """See `XComStorage.put_file`."""
        target = self._folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.with_name(f"{target.name}.{os.getpid()}")
        shutil.copyfile(path, scratch)
        scratch.replace(target)
        return key

    def get_file(self, reference: str, path: Path) -> None:
        """See `XComStorage.get_file`."""
        stored = self._folder / reference
        if not stored.exists():
            raise KeyError(reference)
        shutil.copyfile(stored, path)

    def get(self, reference: str) -> bytes:
        """See `XComStorage.get`."""
        try:
            return (self._folder / reference).read_bytes()
        except FileNotFoundError:
            raise KeyError(reference) from None

    def delete(self, reference: str) -> None:
        """See `XComStorage.delete`."""
        path = self._folder / reference
        path.unlink(missing_ok=True)
        for folder in (path.parent, path.parent.parent):
            try:
                folder.rmdir()
            except OSError:
                return  # not empty, or gone already: another value is there, or was

    def references(self) -> Iterator[str]:
        """See `XComStorage.references`."""
        for path in self._folder.glob("*/*/*"):
            if path.suffix in KEPT:
                yield path.relative_to(self._folder).as_posix()


def check_xcom_storage(name: str, whose: str) -> None:
    """Refuse a storage that no plugin declares; nothing is imported.

    Arguments:
        whose: what has the name, for the error.
    Raises:
        TradewindConfigException: naming the known ones and, where it is known, what to install.
    """
    known = registry().names(KIND)
    if name not in known:
        raise TradewindConfigException(
            f"{whose} is of the XCom storage {name!r}, which nothing installed declares; known: {', '.join(known)}"
            f"{hint_for_name(KIND, name)}"
        )


def open_xcom_storage(name: str, location: str) -> XComStorage:
    """Return the storage of that name, made with its location.

    Raises:
        TradewindConfigException: there is none of that name.
    """
    storage: XComStorage = registry().load(KIND, name)(location)
    return storage

"""The XCom storage contract: where values too large for the metadata database are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["XComStorage"]


class XComStorage:
    """Keeps encoded values under keys: relative paths with slashes, made by Tradewind and safe as file names.

    It is made with one argument, the text of the setting `plugins.xcom_location`, or a location of `plugins.xcom_storages`:
    an installation may have several, also of one kind.
    """

    contract_version: ClassVar[str] = "0.1"

    def put(self, key: str, data: bytes) -> str:
        """Store a value, replacing one of the same key, and return the reference that `get` and `delete` take."""
        raise NotImplementedError(f"{type(self).__name__} does not implement put")

    def put_file(self, key: str, path: Path) -> str:
        """Store the content of a file like `put`; the file stays. Override it to keep a large value out of memory."""
        return self.put(key, path.read_bytes())

    def get(self, reference: str) -> bytes:
        """Return a stored value.

        Raises:
            KeyError: There is none.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement get")

    def get_file(self, reference: str, path: Path) -> None:
        """Write a stored value to a new file. Override it to keep a large value out of memory.

        Raises:
            KeyError: There is none.
        """
        path.write_bytes(self.get(reference))

    def delete(self, reference: str) -> None:
        """Delete a value; one that is gone already is no error."""
        raise NotImplementedError(f"{type(self).__name__} does not implement delete")

    def references(self) -> Iterable[str]:
        """Return the references of all stored values, in any order, for finding those that nothing refers to.

        Optional: without it, values that were overwritten or cleared stay until somebody else removes them.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement references")

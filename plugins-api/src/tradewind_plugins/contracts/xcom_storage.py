"""The XCom storage contract: where values too large for the metadata database are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

__all__ = ["XComStorage"]


class XComStorage:
    """Keeps encoded values under keys: relative paths with slashes, made by Tradewind and safe as file names.

    It is made with one argument, the text of the setting `plugins.xcom_location`.
    """

    contract_version: ClassVar[str] = "0.1"

    def put(self, key: str, data: bytes) -> str:
        """Store a value, replacing one of the same key, and return the reference that `get` and `delete` take."""
        raise NotImplementedError(f"{type(self).__name__} does not implement put")

    def get(self, reference: str) -> bytes:
        """Return a stored value.

        Raises:
            KeyError: There is none.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement get")

    def delete(self, reference: str) -> None:
        """Delete a value; one that is gone already is no error."""
        raise NotImplementedError(f"{type(self).__name__} does not implement delete")

    def references(self) -> Iterable[str]:
        """Return the references of all stored values, in any order, for finding those that nothing refers to.

        Optional: without it, values that were overwritten or cleared stay until somebody else removes them.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement references")

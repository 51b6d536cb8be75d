"""A bucket as the XCom storage and the log store use it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

from tradewind_plugins.clients import lazy_client

from tradewind_google.settings import how_to_call, naming, storage_client
from tradewind_google.stores.location import Location

__all__ = ["Bucket"]

_api_errors = lazy_client("google.api_core.exceptions", extra="google")


class Bucket:
    """Objects below the prefix of a location, by their names behind it.

    Arguments:
        location: where they are.
    """

    def __init__(self, location: Location) -> None:
        self._location = location
        self._made: Any = None
        self._making = threading.Lock()

    @property
    def _client(self) -> Any:
        with self._making:
            if self._made is None:
                self._made = storage_client(self._location.settings)
            return self._made

    def blob(self, name: str) -> Any:
        """Return the client's object."""
        return self._client.bucket(self._location.name).blob(self._location.prefix + name)

    def put(self, name: str, data: bytes, kind: str = "application/octet-stream") -> None:
        """Store an object."""
        settings = self._location.settings
        with naming(settings):
            self.blob(name).upload_from_string(data, content_type=kind, **how_to_call(settings))

    def get(self, name: str, begin: int, end: int) -> bytes:
        """Return bytes of an object.

        Raises:
            KeyError: there is none.
        """
        settings = self._location.settings
        try:
            with naming(settings):
                # No checksum: that of the whole is told for a part, too
                data: bytes = self.blob(name).download_as_bytes(
                    start=begin, end=end - 1, checksum=None, **how_to_call(settings)
                )
        except _api_errors.NotFound:
            raise KeyError(name) from None
        return data

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the names of objects that begin with a prefix."""
        settings, begin = self._location.settings, self._location.prefix
        with naming(settings):
            found = list(self._client.list_blobs(self._location.name, prefix=begin + prefix, **how_to_call(settings)))
        for each in found:
            yield each.name[len(begin) :]

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; one that is gone already is no error."""
        settings = self._location.settings
        for name in names:
            try:
                with naming(settings):
                    self.blob(name).delete(**how_to_call(settings))
            except _api_errors.NotFound:
                continue

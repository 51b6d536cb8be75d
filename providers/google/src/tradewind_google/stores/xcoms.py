"""The XCom storage on Google Cloud Storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.contracts.xcom_storage import XComStorage

from tradewind_google.settings import how_to_call, naming
from tradewind_google.stores.bucket import Bucket
from tradewind_google.stores.location import Location

__all__ = ["GCSXComStorage"]

_api_errors = lazy_client("google.api_core.exceptions", extra="google")


class GCSXComStorage(XComStorage):
    """An object for each value.

    Arguments:
        location: `gs://bucket/prefix?conn_id=…`; see `Location` for the options. The bucket has to be there.
    """

    def __init__(self, location: str) -> None:
        self._location = Location.parse(location, "gs", "plugins.xcom_location")
        self._bucket = Bucket(self._location)

    def put(self, key: str, data: bytes) -> str:
        """See `XComStorage.put`."""
        self._bucket.put(key, data)
        return key

    def put_file(self, key: str, path: Path) -> str:
        """See `XComStorage.put_file`."""
        with naming(self._location.settings):
            self._bucket.blob(key).upload_from_filename(str(path), **how_to_call(self._location.settings))
        return key

    def get(self, reference: str) -> bytes:
        """See `XComStorage.get`."""
        with self._missing(reference):
            data: bytes = self._bucket.blob(reference).download_as_bytes(**how_to_call(self._location.settings))
        return data

    def get_file(self, reference: str, path: Path) -> None:
        """See `XComStorage.get_file`."""
        try:
            with self._missing(reference):
                self._bucket.blob(reference).download_to_filename(str(path), **how_to_call(self._location.settings))
        except BaseException:
            if path.exists():  # older clients leave what they have begun
                path.unlink()
            raise

    @contextmanager
    def _missing(self, reference: str) -> Iterator[None]:
        try:
            with naming(self._location.settings):
                yield
        except _api_errors.NotFound as error:
            if "bucket" in str(error).lower():
                raise
            raise KeyError(reference) from None

    def delete(self, reference: str) -> None:
        """See `XComStorage.delete`."""
        self._bucket.remove([reference])

    def references(self) -> Iterator[str]:
        """See `XComStorage.references`."""
        return self._bucket.names("")

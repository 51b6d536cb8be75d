"""The XCom storage on S3."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.contracts.xcom_storage import XComStorage

from tradewind_amazon.settings import client_of, failure_of, is_missing
from tradewind_amazon.stores.location import Location

__all__ = ["S3XComStorage"]

_botocore_exceptions = lazy_client("botocore.exceptions", extra="amazon")


class S3XComStorage(XComStorage):
    """An object for each value.

    Arguments:
        location: `s3://bucket/prefix?conn_id=…`; see `Location` for the options. The bucket has to be there.
    """

    def __init__(self, location: str) -> None:
        self._location = Location.parse(location, "s3", "plugins.xcom_location")
        self._made: Any = None
        self._making = threading.Lock()

    @property
    def _client(self) -> Any:
        with self._making:
            if self._made is None:
                self._made = client_of(self._location.settings, "s3")
            return self._made

    def _place(self, reference: str) -> tuple[str, str]:
        return self._location.name, self._location.prefix + reference

    def put(self, key: str, data: bytes) -> str:
        """See `XComStorage.put`."""
        bucket, path = self._place(key)
        self._client.put_object(Bucket=bucket, Key=path, Body=data)
        return key

    def put_file(self, key: str, path: Path) -> str:
        """See `XComStorage.put_file`. A large file goes in several parts at once."""
        with self._missing(key):
            self._client.upload_file(str(path), *self._place(key))
        return key

    def get(self, reference: str) -> bytes:
        """See `XComStorage.get`."""
        bucket, path = self._place(reference)
        with self._missing(reference), closing(self._client.get_object(Bucket=bucket, Key=path)["Body"]) as body:
            data: bytes = body.read()
        return data

    def get_file(self, reference: str, path: Path) -> None:
        """See `XComStorage.get_file`. A large value comes in several parts at once."""
        with self._missing(reference):
            self._client.download_file(*self._place(reference), str(path))

    @contextmanager
    def _missing(self, reference: str) -> Iterator[None]:
        """Tell a value that is not there from a bucket that is not, and name what breaks while content is read."""
        try:
            yield
        except _botocore_exceptions.ClientError as error:
            if is_missing(error) and "NoSuchBucket" not in str(error):
                raise KeyError(reference) from None
            raise
        except _botocore_exceptions.BotoCoreError as error:
            raise failure_of(self._location.settings, error) or error from error

    def delete(self, reference: str) -> None:
        """See `XComStorage.delete`."""
        bucket, path = self._place(reference)
        self._client.delete_object(Bucket=bucket, Key=path)

    def references(self) -> Iterator[str]:
        """See `XComStorage.references`."""
        bucket, prefix = self._place("")
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for each in page.get("Contents", []):
                yield each["Key"][len(prefix) :]

"""The log store on S3."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.remote_logs import PartsLogStore

from tradewind_amazon.settings import client_of, failure_of, is_missing
from tradewind_amazon.stores.location import Location

__all__ = ["S3LogStore"]

_botocore_exceptions = lazy_client("botocore.exceptions", extra="amazon")

_MOST_AT_ONCE = 1000


class S3LogStore(PartsLogStore):
    """Logs as objects of a bucket: while a try runs in parts, each readable at once; merged after its end.

    Arguments:
        location: `s3://bucket/prefix?region_name=…`; see `Location` for the options. `pause` is how many seconds lie at
            least between two parts of a log, 1 by default; with 0 a worker waits until each chunk is written.
    """

    def __init__(self, location: str) -> None:
        self._location = Location.parse(location, "s3", "logs.location", ("pause",))
        super().__init__(self._location.option("pause", 1.0))
        self._made: Any = None
        self._making = threading.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(s3://{self._location.name}/{self._location.prefix})"

    @property
    def _client(self) -> Any:
        with self._making:
            if self._made is None:
                self._made = client_of(self._location.settings, "s3")
            return self._made

    def _put(self, name: str, data: bytes) -> None:
        self._client.put_object(
            Bucket=self._location.name,
            Key=self._location.prefix + name,
            Body=data,
            ContentType="text/plain; charset=utf-8",
        )

    def _get(self, name: str, begin: int, end: int) -> bytes:
        try:
            answer = self._client.get_object(
                Bucket=self._location.name, Key=self._location.prefix + name, Range=f"bytes={begin}-{end - 1}"
            )
            with closing(answer["Body"]) as body:
                data: bytes = body.read()
        except _botocore_exceptions.ClientError as error:
            if is_missing(error):
                raise KeyError(name) from None
            raise
        except _botocore_exceptions.BotoCoreError as error:
            raise failure_of(self._location.settings, error) or error from error
        return data

    def _list(self, prefix: str) -> Iterator[str]:
        bucket, begin = self._location.name, self._location.prefix
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=begin + prefix):
            for each in page.get("Contents", []):
                yield each["Key"][len(begin) :]

    def _remove(self, names: Iterable[str]) -> None:
        keys = [{"Key": self._location.prefix + name} for name in names]
        for first in range(0, len(keys), _MOST_AT_ONCE):
            some = {"Objects": keys[first : first + _MOST_AT_ONCE], "Quiet": True}
            errors = self._client.delete_objects(Bucket=self._location.name, Delete=some).get("Errors", [])
            if errors:
                raise TradewindException(f"S3 did not delete {len(errors)} logs: {errors[0].get('Code')}")

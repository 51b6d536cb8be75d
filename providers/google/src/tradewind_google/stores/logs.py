"""The log store on Google Cloud Storage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tradewind_plugins.remote_logs import PartsLogStore

from tradewind_google.stores.bucket import Bucket
from tradewind_google.stores.location import Location

__all__ = ["GCSLogStore"]


class GCSLogStore(PartsLogStore):
    """Logs as objects of a bucket: while a try runs in parts, each readable at once; merged after its end.

    Arguments:
        location: `gs://bucket/prefix?project=…`; see `Location` for the options. `pause` is how many seconds lie at
            least between two parts of a log, 1 by default; with 0 a worker waits until each chunk is written.
    """

    def __init__(self, location: str) -> None:
        self._location = Location.parse(location, "gs", "logs.location", ("pause",))
        super().__init__(self._location.option("pause", 1.0))
        self._bucket = Bucket(self._location)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(gs://{self._location.name}/{self._location.prefix})"

    def _put(self, name: str, data: bytes) -> None:
        self._bucket.put(name, data, "text/plain; charset=utf-8")

    def _get(self, name: str, begin: int, end: int) -> bytes:
        return self._bucket.get(name, begin, end)

    def _list(self, prefix: str) -> Iterator[str]:
        return self._bucket.names(prefix)

    def _remove(self, names: Iterable[str]) -> None:
        self._bucket.remove(names)

"""The log store on CloudWatch Logs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.remote_logs import BackgroundLogStore

from tradewind_amazon.settings import client_of, code_of, is_missing
from tradewind_amazon.stores.location import Location

__all__ = ["CloudWatchLogStore"]

_botocore_exceptions = lazy_client("botocore.exceptions", extra="amazon")

_MOST_OF_BATCH = 900_000
_MOST_EVENTS = 5_000
_OVERHEAD = 26
_LONGEST_LINE = 100_000
_MOST_ALONE = 1_000


class CloudWatchLogStore(BackgroundLogStore):
    """Logs as streams of a log group, a line each event; where lines come by the thousand, several share one.

    CloudWatch holds text: a byte that is no UTF-8 is stored as a question mark. What was written can be read some seconds
    later.

    Arguments:
        location: `cloudwatch://group/prefix?region_name=…`; see `Location` for the options. A slash in the name of the
            group is written `%2F`. `pause` is how many seconds lie at least between two writings of a log, 2 by
            default; with 0 a worker waits until each chunk is written.
    """

    def __init__(self, location: str) -> None:
        self._location = Location.parse(location, "cloudwatch", "logs.location", ("pause",))
        super().__init__(self._location.option("pause", 2.0))
        self._made: Any = None
        self._making = threading.Lock()
        self._written: dict[str, int] = {}
        self._last_time = 0

    def __repr__(self) -> str:
        return f"{type(self).__name__}(cloudwatch://{self._location.name}/{self._location.prefix})"

    @property
    def _client(self) -> Any:
        with self._making:
            if self._made is None:
                self._made = client_of(self._location.settings, "logs")
            return self._made

    def _stream(self, key: str) -> dict[str, str]:
        # Names of streams have neither colons nor asterisks
        name = (self._location.prefix + key).replace("%", "%25").replace(":", "%3A").replace("*", "%2A")
        return {"logGroupName": self._location.name, "logStreamName": name}

    def _write(self, key: str, offset: int, data: bytes) -> None:
        written = self._written.pop(key, None)
        if written is None:
            written = self._stored_size(key)  # after a failure, what of it did arrive
        for events in _batches(data[max(0, written - offset) :]):
            self._send(key, events)
        self._written[key] = offset + len(data)

    def _send(self, key: str, messages: list[str]) -> None:
        # Events of one millisecond may come back in another order
        first = max(int(time.time() * 1000), self._last_time + 1)
        self._last_time = first + len(messages) - 1
        events = [{"timestamp": first + number, "message": text} for number, text in enumerate(messages)]
        stream = self._stream(key)
        try:
            self._client.put_log_events(logEvents=events, **stream)
        except _botocore_exceptions.ClientError as error:
            if not is_missing(error):
                raise
            self._make(stream)
            self._client.put_log_events(logEvents=events, **stream)

    def _make(self, stream: dict[str, str]) -> None:
        for call, arguments in (
            (self._client.create_log_group, {"logGroupName": stream["logGroupName"]}),
            (self._client.create_log_stream, stream),
        ):
            try:
                call(**arguments)
            except _botocore_exceptions.ClientError as error:
                if code_of(error) != "ResourceAlreadyExistsException":
                    raise

    def _stored_size(self, key: str) -> int:
        return sum(len(text.encode()) for text in self._messages(key))

    def _stored(self, key: str, offset: int, limit: int | None) -> bytes:
        data, at = b"", 0
        for text in self._messages(key):
            raw = text.encode()
            if at + len(raw) > offset:
                data += raw[max(0, offset - at) :]
            at += len(raw)
            if limit is not None and len(data) >= limit:
                return data[:limit]
        return data

    def _messages(self, key: str) -> Iterator[str]:
        arguments: dict[str, Any] = {**self._stream(key), "startFromHead": True}
        while True:
            try:
                page = self._client.get_log_events(**arguments)
            except _botocore_exceptions.ClientError as error:
                if not is_missing(error):
                    raise
                return
            for each in page["events"]:
                yield each["message"]
            if page["nextForwardToken"] == arguments.get("nextToken"):
                return  # an empty page is not the end, the same token is
            arguments["nextToken"] = page["nextForwardToken"]

    def _merge(self, key: str) -> None:
        self._written.pop(key, None)

    def _delete_stored(self, prefix: str) -> int:
        group, begin = self._stream(prefix)["logGroupName"], self._stream(prefix)["logStreamName"]
        names = []
        try:
            pages = self._client.get_paginator("describe_log_streams").paginate(
                logGroupName=group, logStreamNamePrefix=begin
            )
            names = [each["logStreamName"] for page in pages for each in page["logStreams"]]
        except _botocore_exceptions.ClientError as error:
            if not is_missing(error):
                raise
        for name in names:
            self._client.delete_log_stream(logGroupName=group, logStreamName=name)
            self._written.pop(unquote(name)[len(self._location.prefix) :], None)
        return len(names)


def _batches(data: bytes) -> Iterator[list[str]]:
    """Yield the messages of a chunk, in as many calls as CloudWatch wants. None is empty, and joined they are the chunk."""
    batch: list[str] = []
    size = 0
    for message in _messages_of(data):
        cost = len(message.encode()) + _OVERHEAD
        if batch and (size + cost > _MOST_OF_BATCH or len(batch) >= _MOST_EVENTS):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += cost
    if batch:
        yield batch


def _messages_of(data: bytes) -> Iterator[str]:
    lines = data.splitlines(keepends=True)
    together = 1 + len(lines) // _MOST_ALONE
    for first in range(0, len(lines), together):
        line, begin = b"".join(lines[first : first + together]), 0
        while begin < len(line):
            end = min(begin + _LONGEST_LINE, len(line))
            while end < len(line) and line[end] & 0xC0 == 0x80 and end > begin + 1:  # not within a character
                end -= 1
            text = line[begin:end].decode("utf-8", "surrogateescape")
            yield text.encode("utf-8", "replace").decode()  # as many bytes as there were, so that offsets hold
            begin = end

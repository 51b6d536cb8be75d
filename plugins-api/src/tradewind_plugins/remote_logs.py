"""Bases of log stores that write over a network.

A worker calls a store from the thread that watches its tasks, so `BackgroundLogStore` writes from a thread of its own.
`PartsLogStore` is for object storage, which cannot append: a log is a folder of parts, each named by where it begins and
ends. Parts may overlap, as when a chunk came again with more behind it, or when a merged part stands beside those that it was
made of. Nothing is ever overwritten by something else, so several processes may write and merge one log.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator

from tradewind_plugins.contracts.log_store import LogStore, LogStoreCapabilities
from tradewind_plugins.values import Value

__all__ = ["BackgroundLogStore", "PartsLogStore"]

_DIGITS = 12
_ATTEMPTS = 5
_MOST_WAITING = 64 << 20
_PAUSE_AFTER_FAILURE = 1.0


class _Waiting:
    """What waits to be written of one log."""

    def __init__(self) -> None:
        self.offset = 0
        self.data = b""
        self.size: int | None = None
        self.not_before = 0.0
        self.error: Exception | None = None
        self.in_hand = False


class BackgroundLogStore(LogStore):
    """Takes chunks and writes them from a thread, those of a log together that came within a pause.

    A subclass writes, reads and merges in `_write`, `_stored_size`, `_stored`, `_merge` and `_delete_stored`. What was
    put is read at once by the same object, and by others when it is written: after the pause. When `seal` returns, all of
    the log is written; it is merged later.

    Arguments:
        pause: seconds between two writings of a log, so that others read what is at most about that old; 0 has each `put_chunk`
            wait until its chunk is written.
    """

    capabilities = LogStoreCapabilities(append=True, delete_prefix=True)

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._logs: dict[str, _Waiting] = {}
        self._to_merge: list[str] = []
        self._merging: str | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    # --- what a subclass does ----------------------------------------------------------------------------------------

    def _write(self, key: str, offset: int, data: bytes) -> None:
        """Write bytes of a log at an offset; the same may come again with more behind them."""
        raise NotImplementedError

    def _stored_size(self, key: str) -> int:
        """Return how many bytes of a log are written."""
        raise NotImplementedError

    def _stored(self, key: str, offset: int, limit: int | None) -> bytes:
        """Return what is written of a log."""
        raise NotImplementedError

    def _merge(self, key: str) -> None:
        """Make one of the parts of a log that has ended."""

    def _delete_stored(self, prefix: str) -> int:
        """Delete what is written."""
        raise NotImplementedError

    # --- the contract ------------------------------------------------------------------------------------------------

    def put_chunk(self, key: str, offset: int, data: bytes) -> None:
        """See `LogStore.put_chunk`. Raises what the last writing of this log failed with."""
        with self._changed:
            waiting = self._logs.setdefault(key, _Waiting())
            if waiting.error is not None:
                raise waiting.error  # the worker keeps these bytes and puts them again
            if sum(len(each.data) for each in self._logs.values()) + len(data) > _MOST_WAITING:
                raise BlockingIOError(f"{_MOST_WAITING >> 20} MiB of logs wait to be written to {self!r}")
            known = waiting.offset + len(waiting.data)
            if not waiting.data or offset <= waiting.offset:
                waiting.offset, waiting.data = offset, data
            elif offset <= known:
                waiting.data = waiting.data[: offset - waiting.offset] + data
            else:
                raise ValueError(f"a chunk of {key} begins at {offset}, and the one before ends at {known}")
            waiting.size = max(waiting.size or 0, offset + len(data))
            self._begin()
            self._changed.notify_all()
        if self._pause <= 0:
            self._flush(key)

    def _begin(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._is_closed = False
            self._thread = threading.Thread(target=self._work, name="tradewind-log-store", daemon=True)
            self._thread.start()

    def size(self, key: str) -> int:
        """See `LogStore.size`."""
        with self._changed:
            waiting = self._logs.get(key)
            if waiting is not None and waiting.size is not None:
                return waiting.size
        return self._stored_size(key)

    def seal(self, key: str) -> None:
        """See `LogStore.seal`."""
        self._flush(key)
        with self._changed:
            self._logs.pop(key, None)
            if key not in self._to_merge:
                self._to_merge.append(key)
            self._begin()
            self._changed.notify_all()

    def read(self, key: str, offset: int = 0, limit: int | None = None) -> bytes:
        """See `LogStore.read`."""
        with self._changed:
            is_here = key in self._logs
        if is_here:
            self._flush(key)
        return self._stored(key, offset, limit)

    def delete(self, prefix: str) -> int:
        """See `LogStore.delete`."""
        with self._changed:
            self._to_merge = [each for each in self._to_merge if not each.startswith(prefix)]
            self._changed.wait_for(lambda: not (self._merging or "").startswith(prefix) or self._merging is None)
            for key in [each for each in self._logs if each.startswith(prefix)]:
                waiting = self._logs.pop(key)
                waiting.data = b""
                while waiting.in_hand:
                    self._changed.wait()
        return self._delete_stored(prefix)

    def close(self) -> None:
        """Write and merge what waits, and end the thread."""
        with self._changed:
            self._is_closed = True
            thread, self._thread = self._thread, None
            self._changed.notify_all()
        if thread is not None:
            thread.join()

    # --- the thread --------------------------------------------------------------------------------------------------

    def _flush(self, key: str) -> None:
        """Have a log written now, and wait for it. Raises what that fails with."""
        with self._changed:
            waiting = self._logs.get(key)
            if waiting is None:
                return
            self._changed.wait_for(lambda: not waiting.in_hand)
            waiting.error, waiting.not_before = None, 0.0
            self._begin()
            self._changed.notify_all()
            self._changed.wait_for(lambda: waiting.error is not None or not (waiting.data or waiting.in_hand))
            if waiting.error is not None:
                raise waiting.error

    def _work(self) -> None:
        while True:
            with self._changed:
                key, pause = self._next()
                while key is None and not self._to_merge and not self._is_closed:
                    self._changed.wait(pause)
                    key, pause = self._next()
                if key is not None:
                    waiting = self._logs[key]
                    offset, data = waiting.offset, waiting.data
                    waiting.in_hand = True
                elif self._to_merge:
                    self._merging = self._to_merge.pop(0)
                else:
                    return
            if key is not None:
                self._write_one(key, waiting, offset, data)
            else:
                self._merge_one()

    def _next(self) -> tuple[str | None, float | None]:
        """Return a log that is to be written now, or None and how long nothing is."""
        now = time.monotonic()
        soonest = None
        for key, waiting in self._logs.items():
            if waiting.data:
                if waiting.not_before <= now or self._is_closed:
                    return key, None
                soonest = min(soonest or waiting.not_before, waiting.not_before)
        return None, None if soonest is None else soonest - now

    def _write_one(self, key: str, waiting: _Waiting, offset: int, data: bytes) -> None:
        error: Exception | None = None
        try:
            self._write(key, offset, data)
        except Exception as failure:  # noqa: BLE001 - whatever it is, put_chunk or seal reports it
            error = failure
        with self._changed:
            waiting.in_hand = False
            if error is None:
                # What came meanwhile began where this began, or behind it
                if waiting.offset == offset:
                    waiting.offset, waiting.data = offset + len(data), waiting.data[len(data) :]
                waiting.not_before = time.monotonic() + self._pause
                waiting.error = None
            else:
                waiting.error = error
                if self._is_closed:
                    waiting.data = b""  # nobody is left to wait for another attempt
                waiting.not_before = time.monotonic() + _PAUSE_AFTER_FAILURE
            self._changed.notify_all()

    def _merge_one(self) -> None:
        try:
            self._merge(str(self._merging))
        except Exception as error:  # noqa: BLE001 - the parts are there, and read as well as the whole
            logging.getLogger(__name__).warning("log %s stays in parts: %s", self._merging, error)
        finally:
            with self._changed:
                self._merging = None
                self._changed.notify_all()


class _Part(Value):
    """A part of a log: its name, and the first byte of it and of what follows it."""

    name: str
    begin: int
    end: int


class PartsLogStore(BackgroundLogStore):
    """Keeps the parts of a log as objects `<key>/<first byte>-<end>`. A subclass puts, gets, lists and removes objects."""

    def _put(self, name: str, data: bytes) -> None:
        """Store an object."""
        raise NotImplementedError

    def _get(self, name: str, begin: int, end: int) -> bytes:
        """Return bytes of an object. Raises KeyError where there is none."""
        raise NotImplementedError

    def _list(self, prefix: str) -> Iterator[str]:
        """Yield the names of the objects that begin with a prefix."""
        raise NotImplementedError

    def _remove(self, names: Iterable[str]) -> None:
        """Remove objects; one that is gone already is no error."""
        raise NotImplementedError

    def _write(self, key: str, offset: int, data: bytes) -> None:
        self._put(_name(key, offset, offset + len(data)), data)

    def _stored_size(self, key: str) -> int:
        chain = _chain(self._parts(key))
        return chain[-1].end if chain else 0

    def _stored(self, key: str, offset: int, limit: int | None) -> bytes:
        for attempt in range(_ATTEMPTS):
            try:
                return self._joined(_chain(self._parts(key)), offset, limit)
            except KeyError:  # a part was merged between the list and the look into it
                if attempt == _ATTEMPTS - 1:
                    raise
        return b""

    def _joined(self, chain: list[_Part], offset: int, limit: int | None) -> bytes:
        end = None if limit is None else offset + limit
        data = b""
        for part in chain:
            at = offset + len(data)
            stop = part.end if end is None else min(part.end, end)
            if at < stop and at >= part.begin:
                data += self._get(part.name, at - part.begin, stop - part.begin)
        return data

    def _merge(self, key: str) -> None:
        parts = self._parts(key)
        if len(parts) < 2:
            return
        chain = _chain(parts)
        whole = _name(key, 0, chain[-1].end)
        if all(part.name != whole for part in parts):
            self._put(whole, self._joined(chain, 0, None))
        self._remove(part.name for part in parts if part.name != whole and part.end <= chain[-1].end)

    def _delete_stored(self, prefix: str) -> int:
        names = list(self._list(prefix))
        self._remove(names)
        return len({name.rpartition("/")[0] for name in names})

    def _parts(self, key: str) -> list[_Part]:
        parts = []
        for name in self._list(f"{key}/"):
            begin, separator, end = name[len(key) + 1 :].partition("-")
            if separator and begin.isdigit() and end.isdigit():
                parts.append(_Part(name=name, begin=int(begin), end=int(end)))
        return parts


def _name(key: str, begin: int, end: int) -> str:
    return f"{key}/{begin:0{_DIGITS}}-{end:0{_DIGITS}}"


def _chain(parts: Iterable[_Part]) -> list[_Part]:
    """Return the parts that make the log from its beginning to the first gap, the longest of each place."""
    chain: list[_Part] = []
    at = 0
    for part in sorted(parts, key=lambda each: (each.begin, -each.end)):
        if part.begin <= at < part.end:
            chain.append(part)
            at = part.end
    return chain

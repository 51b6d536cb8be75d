"""A log store on object storage, which cannot append: a log is a folder of parts, each named by where it begins and ends.

Parts may overlap, as when a chunk came again with more behind it, or when a merged part stands beside those that it was
made of. Nothing is ever overwritten by something else, so several processes may write and merge one log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tradewind_plugins.values import Value

from tradewind_google.stores.background import BackgroundLogStore

__all__ = ["PartsLogStore"]

_DIGITS = 12
_ATTEMPTS = 5


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

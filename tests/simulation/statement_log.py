"""The log of everything that reached the database, in order: what two replays of a seed must have in common, byte for byte."""

from __future__ import annotations

import hashlib
from typing import Any


class StatementLog:
    """The statements of one seed, with who sent them, and the waits for locks between them.

    Arguments:
        is_kept: keep every line; the digests are kept anyway.
    """

    def __init__(self, *, is_kept: bool = False) -> None:
        self.lines: list[str] | None = [] if is_kept else None
        self.count = 0
        self.handed: set[int] = set()
        self._all = hashlib.blake2b(digest_size=16)
        self._order = hashlib.blake2b(digest_size=8)
        self._last: tuple[str, str] = ("", "")

    def statement(self, name: str, text: str, parameters: Any) -> None:
        """Add a statement with its parameters."""
        self.count += 1
        self._order.update(f"{name} {text[:60]}\n".encode())
        self._add(f"{name}\t{text}\t{parameters!r}")
        kind = _kind(name)
        if self._last[0] != name:
            self.handed.add(hash_of(f"{self._last[1]} {kind}{text}"))
        self._last = (name, kind + text)

    def event(self, name: str, what: str) -> None:
        """Add what is no statement: a commit, or a wait for a lock that begins or ends."""
        self._order.update(f"{name} {what}\n".encode())
        self._add(f"{name}\t{what}")

    def _add(self, line: str) -> None:
        self._all.update(line.encode() + b"\n")
        if self.lines is not None:
            self.lines.append(line)

    @property
    def digest(self) -> str:
        """The digest of all lines."""
        return self._all.hexdigest()

    @property
    def order(self) -> str:
        """The digest of who did what after whom, without parameters: one interleaving."""
        return self._order.hexdigest()


def _kind(name: str) -> str:
    return name.rstrip("0123456789").partition(" ")[0]


def hash_of(text: str) -> int:
    """Return a hash that is the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")

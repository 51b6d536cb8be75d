"""Ids drawn by the application: 63-bit integers that rise with time, in blocks, so that bulk inserts know their keys."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from tradewind.metadata.tables import EPOCH

RANDOM_BITS = 22
EPOCH_2020_MS = 1_577_836_800_000


def first_id(at: datetime) -> int:
    """Return what ids that are drawn from this instant on are not below."""
    return _milliseconds(at) << RANDOM_BITS


def _milliseconds(at: datetime) -> int:
    return int((at - EPOCH).total_seconds() * 1000) - EPOCH_2020_MS


class Ids(Protocol):
    """Where ids and nonces come from; injected, so that a simulation repeats them."""

    def block(self, count: int) -> range:
        """Return `count` consecutive ids, larger than those drawn in earlier milliseconds."""
        ...

    def nonce(self) -> str:
        """Return a name of 36 characters that nobody else drew."""
        ...


class RandomIds:
    """Milliseconds since 2020 in the high bits, random low bits. Two processes that draw the same block in the same
    millisecond (about one in a million for single rows) meet a primary key error and draw again with the transaction."""

    def __init__(self, now: Callable[[], datetime], rng: random.Random | None = None) -> None:
        self._now = now
        self._rng = rng or random.SystemRandom()
        self._next = 0

    def block(self, count: int) -> range:
        """See `Ids.block`."""
        start = max(self._next, first_id(self._now()) | self._rng.getrandbits(RANDOM_BITS))
        self._next = start + count
        return range(start, start + count)

    def nonce(self) -> str:
        """See `Ids.nonce`."""
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

"""Answers of a secrets backend, kept for a while: it is asked over a network, by every task and every DAG file."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from tradewind_plugins.connection import Connection
from tradewind_plugins.contracts.secrets_backend import SecretsBackend

MOST: Final = 10_000
"""Answers that are kept at most, the newest; also those that there is nothing."""

A = TypeVar("A")


class CachedBackend(SecretsBackend):
    """Asks another backend once within a time for each name; what it raises is not kept. Several threads may ask.

    Arguments:
        backend: the other one.
        seconds: for which an answer counts.
        monotonic: the clock, in seconds.
    """

    def __init__(
        self, backend: SecretsBackend, seconds: float, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.backend = backend
        self._seconds = seconds
        self._monotonic = monotonic
        self._kept: dict[tuple[str, str], tuple[float, object]] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.backend!r})"

    def get_conn_value(self, conn_id: str) -> str | None:
        """See `SecretsBackend.get_conn_value`."""
        return self._known("conn_value", conn_id, self.backend.get_conn_value)

    def get_connection(self, conn_id: str) -> Connection | None:
        """See `SecretsBackend.get_connection`."""
        return self._known("connection", conn_id, self.backend.get_connection)

    def get_variable(self, key: str) -> str | None:
        """See `SecretsBackend.get_variable`."""
        return self._known("variable", key, self.backend.get_variable)

    def get_config(self, key: str) -> str | None:
        """See `SecretsBackend.get_config`."""
        return self._known("config", key, self.backend.get_config)

    def _known(self, kind: str, name: str, ask: Callable[[str], A]) -> A:
        now = self._monotonic()
        with self._lock:
            kept = self._kept.get((kind, name))
        if kept is not None and now < kept[0]:
            return kept[1]  # type: ignore[return-value]  # what `ask` has answered for this kind
        answer = ask(name)
        with self._lock:
            self._kept.pop((kind, name), None)
            self._kept[kind, name] = (now + self._seconds, answer)
            if len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]
        return answer

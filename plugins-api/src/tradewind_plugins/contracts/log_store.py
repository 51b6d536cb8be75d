"""The log store contract: where the output of tries is kept."""

from __future__ import annotations

from typing import ClassVar

from tradewind_plugins.values import Value

__all__ = ["LogStore", "LogStoreCapabilities"]


class LogStoreCapabilities(Value):
    """What a store can do. Object stores cannot append: the supervisor buffers for them until `seal`.

    Args:
        append: A chunk can be read as soon as it was put.
        delete_prefix: `delete` works.
    """

    append: bool
    delete_prefix: bool


class LogStore:
    """Keeps the log of each try under a key: a relative path with slashes, made by Tradewind and safe as a file name.

    Chunks arrive at least once, from one supervisor at a time, in the order of their offsets. A chunk at an offset that
    is already stored must change nothing.
    """

    contract_version: ClassVar[str] = "0.1"
    capabilities: ClassVar[LogStoreCapabilities] = LogStoreCapabilities(append=False, delete_prefix=False)

    def put_chunk(self, key: str, offset: int, data: bytes) -> None:
        """Store bytes of a log at an offset (in bytes from its start)."""
        raise NotImplementedError(f"{type(self).__name__} does not implement put_chunk")

    def seal(self, key: str) -> None:
        """End a log: no chunk follows, and when this returns all of it is durable."""
        raise NotImplementedError(f"{type(self).__name__} does not implement seal")

    def read(self, key: str, offset: int = 0, limit: int | None = None) -> bytes:
        """Return up to `limit` bytes from an offset; empty where there is nothing (yet)."""
        raise NotImplementedError(f"{type(self).__name__} does not implement read")

    def delete(self, prefix: str) -> int:
        """Delete the logs whose keys begin with the prefix and return how many there were."""
        raise NotImplementedError(f"{type(self).__name__} does not implement delete")

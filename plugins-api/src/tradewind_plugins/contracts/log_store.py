"""The log store contract: where the output of tries is kept."""

from __future__ import annotations

from typing import ClassVar

from tradewind_plugins.values import Value

__all__ = ["LogStore", "LogStoreCapabilities"]


class LogStoreCapabilities(Value):
    """What a store can do. Tradewind's worker writes while a try runs, and refuses a store that cannot append.

    Args:
        append: A log grows chunk by chunk, and what is there can be read meanwhile: by the object that it was put to at once, by
            others when it is written. A store that writes from a thread of its own (`tradewind_plugins.remote_logs`) says
            how long that takes at most while its system can be reached; after `seal` nothing is missing for anybody.
        delete_prefix: `delete` works. Without it the logs of runs that are cleaned away stay.
    """

    append: bool
    delete_prefix: bool


class LogStore:
    """Keeps the log of each try under a key: a relative path with slashes, made by Tradewind and safe as a file name.

    It is made with one argument, the text of the setting `logs.location` (where that is empty, of `logs.folder`), by
    the worker that writes and by every command that reads. No store lists its keys: Tradewind knows from its database
    which tries there were.

    Chunks arrive at least once, from one supervisor at a time, in the order of their offsets. A chunk that comes again
    begins at the same offset with the same bytes, perhaps with more after them.

    A worker calls from the thread that watches its tasks, so a store that writes over a network puts by and writes in a
    thread of its own. What `put_chunk` raises is reported, and the same bytes are put again with the next ones.
    """

    contract_version: ClassVar[str] = "0.1"
    capabilities: ClassVar[LogStoreCapabilities] = LogStoreCapabilities(append=False, delete_prefix=False)

    def put_chunk(self, key: str, offset: int, data: bytes) -> None:
        """Take bytes of a log at an offset (in bytes from its start): `read` and `size` of this object know them at once."""
        raise NotImplementedError(f"{type(self).__name__} does not implement put_chunk")

    def size(self, key: str) -> int:
        """Return how many bytes of a log are stored; the first chunk of a worker goes there."""
        return len(self.read(key))

    def seal(self, key: str) -> None:
        """End a log: no chunk follows, and when this returns all of it is durable."""
        raise NotImplementedError(f"{type(self).__name__} does not implement seal")

    def read(self, key: str, offset: int = 0, limit: int | None = None) -> bytes:
        """Return up to `limit` bytes from an offset; empty where there is nothing (yet)."""
        raise NotImplementedError(f"{type(self).__name__} does not implement read")

    def delete(self, prefix: str) -> int:
        """Delete the logs whose keys begin with the prefix and return how many there were."""
        raise NotImplementedError(f"{type(self).__name__} does not implement delete")

    def close(self) -> None:
        """Called once at the end: what is open is closed."""

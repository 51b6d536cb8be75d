"""The socket pair between the processor and a child: frames of a kind and a length, and what the child may ask.

A child asks for variables, connections and pages of tables only; the processor answers from the environment and the
database, so that the child needs neither.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from tradewind_plugins import host
from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindException, TradewindNotFoundException

RESULT = b"R"
ASK = b"A"
LATE = b"L"
ANSWER = b"V"
REFUSAL = b"N"
_MOST_BYTES = 512 * 1024 * 1024
_KINDS = frozenset((RESULT, ASK, LATE, ANSWER, REFUSAL))
_HEAD = struct.Struct("!cQ")


def send(channel: socket.socket, kind: bytes, payload: bytes) -> None:
    """Send one frame."""
    channel.sendall(_HEAD.pack(kind, len(payload)) + payload)


class Frames:
    """Puts frames together from the bytes that arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Take in bytes and return the frames that are complete now, kind and payload each.

        Raises:
            ValueError: no frame of ours begins like that; who sends is not to be trusted with our memory.
        """
        self._buffer += data
        complete = []
        while len(self._buffer) >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._buffer)
            if kind not in _KINDS or length > _MOST_BYTES:
                raise ValueError(f"a frame of kind {kind!r} with {length} bytes")
            end = _HEAD.size + length
            if len(self._buffer) < end:
                break
            complete.append((kind, bytes(self._buffer[_HEAD.size : end])))
            del self._buffer[:end]
        return complete


class AskingHost(host.Host):
    """The host of code that runs while a DAG file is imported: variables, connections and tables, nothing else.

    Args:
        channel: to the processor.
        on_volatile: called when it asks for something of which no change is noticed, so that the file is read again.
    """

    def __init__(self, channel: socket.socket, on_volatile: Callable[[], None] = lambda: None) -> None:
        self._channel = channel
        self._on_volatile = on_volatile

    def variable(self, key: str) -> str | None:
        """See ``Host.variable``."""
        found: str | None = self._ask("variable", key)
        return found

    def connection(self, conn_id: str) -> Connection:
        """See ``Host.connection``."""
        found = self._ask("connection", conn_id)
        if found is None:
            raise TradewindNotFoundException(f"Connection {conn_id!r} is not defined.")
        return Connection(**found)

    def read_table(
        self,
        table: str,
        equal: Mapping[str, Sequence[Any]],
        between: Mapping[str, Sequence[int | None]],
        after: Sequence[Any] | None = None,
        without: Sequence[str] = (),
    ) -> Mapping[str, Any]:
        """See ``Host.read_table``."""
        self._on_volatile()
        asked = json.dumps(
            {"table": table, "equal": equal, "between": between, "after": after, "without": list(without)}
        )
        page: dict[str, Any] = self._ask("table", asked, table)
        for row in page["rows"] if table == "xcom" else ():
            if row.pop("storage") is not None:
                raise TradewindException(
                    f"The XCom {row['key']!r} of task {row['task_id']!r} is too large to be read while the DAG file is "
                    "imported; read it inside a task."
                )
        return page

    def last_interval(self, dag_id: str) -> list[str] | None:
        """Return start and end of the data interval of a DAG's last scheduled run, in ISO 8601; None if there was none."""
        found: list[str] | None = self._ask("last interval", dag_id)
        return found

    def set_variable(self, key: str, value: str, description: str | None = None) -> NoReturn:
        """Refuse: importing a file must not change anything."""
        raise TradewindException(
            f"The variable {key!r} cannot be set while the DAG file is imported; set it inside a task."
        )

    def _ask(self, kind: str, name: str, said: str | None = None) -> Any:
        send(self._channel, ASK, json.dumps([kind, name]).encode())
        frames = Frames()
        while True:
            data = self._channel.recv(65536)
            if not data:
                raise TradewindException("The processor is gone.")
            for answer, payload in frames.feed(data):
                if answer == REFUSAL:
                    raise TradewindException(f"The {kind} {said or name!r} cannot be read: {json.loads(payload)}")
                return json.loads(payload)

"""Connections and variables that only the test knows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from tradewind_plugins.connection import Connection
from tradewind_plugins.exceptions import TradewindNotFoundException


class FakeConnections(MutableMapping[str, Connection]):
    """Connections by id. Set them as a `Connection`, as a URI, as JSON, or as a dict of their parts."""

    def __init__(self, given: Mapping[str, Connection | str | Mapping[str, Any]] | None = None) -> None:
        self._known: dict[str, Connection] = {}
        for conn_id, value in (given or {}).items():
            self[conn_id] = value

    def __setitem__(self, conn_id: str, value: Connection | str | Mapping[str, Any]) -> None:
        if isinstance(value, Connection):
            self._known[conn_id] = value.replace(conn_id=conn_id)
        elif isinstance(value, str):
            self._known[conn_id] = Connection.parse(value, conn_id)
        else:
            self._known[conn_id] = Connection(**{"conn_id": conn_id, "conn_type": "", **value})

    def __getitem__(self, conn_id: str) -> Connection:
        return self._known[conn_id]

    def __delitem__(self, conn_id: str) -> None:
        del self._known[conn_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


class FakeVariables(MutableMapping[str, str]):
    """Variables by key. Set them as text; what is no text is kept as JSON, for `Variable.get(…, deserialize_json=True)`."""

    def __init__(self, given: Mapping[str, Any] | None = None) -> None:
        self._known: dict[str, str] = {}
        for key, value in (given or {}).items():
            self[key] = value

    def __setitem__(self, key: str, value: Any) -> None:
        self._known[key] = value if isinstance(value, str) else json.dumps(value)

    def __getitem__(self, key: str) -> str:
        return self._known[key]

    def __delitem__(self, key: str) -> None:
        del self._known[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def as_fakes(
    connections: Mapping[str, Any] | None, variables: Mapping[str, Any] | None
) -> tuple[FakeConnections, FakeVariables]:
    """Return fakes of what was given; what is one already is kept, so that the test sees variables that tasks set."""
    return (
        connections if isinstance(connections, FakeConnections) else FakeConnections(connections),
        variables if isinstance(variables, FakeVariables) else FakeVariables(variables),
    )


def no_such_connection(conn_id: str, known: FakeConnections) -> TradewindNotFoundException:
    """Return the error for a connection that the test has not given."""
    given = ", ".join(sorted(known)) or "none"
    return TradewindNotFoundException(
        f"Connection {conn_id!r} is not given in this test (given: {given}): "
        f'fake_connections[{conn_id!r}] = "type://…", or connections={{{conn_id!r}: …}}.'
    )

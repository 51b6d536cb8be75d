"""Values for what a public DAG file asks for and only its owner has: Airflow variables without a default, environment variables."""

from __future__ import annotations

from typing import Any

from compat.stand_ins import Thing

VALUE = "1"
"""A text, a number, and JSON."""

_NONE_GIVEN = object()


class JsonThing(dict[str, Any]):
    """What a variable's JSON may be: any key has an answer."""

    def __missing__(self, key: str) -> Any:
        return VALUE

    def get(self, key: str, default: Any = None) -> Any:  # type: ignore[override]
        return VALUE if default is None else default


class StandInVariables:
    """Takes the place of the class `Variable` while files are read."""

    @staticmethod
    def get(key: str, default_var: Any = _NONE_GIVEN, deserialize_json: bool = False, **named: Any) -> Any:
        """Return the default that is given, else a value that stands in."""
        default = named.get("default", default_var)
        if default is not _NONE_GIVEN:
            return default
        return JsonThing() if deserialize_json else VALUE

    @staticmethod
    def set(*_given: Any, **_named: Any) -> None:
        """Forget it."""

    @staticmethod
    def setdefault(_key: str, default: Any, **_named: Any) -> Any:
        """Return the default."""
        return default


def stand_in_for_connection(conn_id: str, kind: type) -> Any:
    """Return a connection that stands in for one that only the file's owner has."""
    return kind(
        conn_id=conn_id, conn_type="generic", host="stood-in", login=VALUE, password=VALUE, schema=VALUE, port=1
    )


__all__ = ["VALUE", "StandInVariables", "Thing", "stand_in_for_connection"]
